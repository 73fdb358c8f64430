"""The real library, in a home of its own, with no server but the one a test names."""

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # importlib mode does not add it

CLOSED = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def library(tmp_path_factory, monkeypatch):
    """The library as a user has it who never logged in; its process ends with the test."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    settings = {"HOME": home, "WANDB_BASE_URL": CLOSED, "WANDB_HTTP_TIMEOUT": "1", "WANDB_ERROR_REPORTING": "false"}
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    hooks = sys.exit, sys.excepthook
    yield home
    if "wandb" in sys.modules:
        sys.modules["wandb"].teardown()
    sys.exit, sys.excepthook = hooks
