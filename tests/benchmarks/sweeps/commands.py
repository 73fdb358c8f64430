"""Commands of the contenders, each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.sweeps import rival

OURS = (sys.executable, "-m", "headway.cli.main", "sweep")


def theirs(script: str) -> tuple[str, ...]:
    """One of the rival's scripts, with ``--multirun``."""
    return str(rival.HOME / "bin" / "python"), "-W", "ignore", str(rival.APP / script), "--multirun"


def run(command: Sequence[str], folder: Path, **environment: str) -> None:
    """Runs a command to its end.

    Raises:
        RuntimeError: It failed.
    """
    given = {**os.environ, **environment}
    done = subprocess.run(command, cwd=folder, env=given, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout)[-2000:])
