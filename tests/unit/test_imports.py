"""What is heavy is imported only where it is used."""

import json
import os
import subprocess
import sys

import pytest

from tests.integration.conftest import Project, write_toy

HEAVY = {"torch", "lightning", "optuna", "sklearn", "polars", "wandb", "onnx", "onnxruntime", "matplotlib"}
LIST = """
import json, sys
from headway.cli.main import main
code = main(sys.argv[1:])
print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(code)
"""


def modules(project, *words):
    command = [sys.executable, "-c", LIST, *words]
    environment = project.environment({})
    done = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    toy: Project = write_toy(tmp_path_factory.mktemp("toy"))
    age(toy)
    assert toy.headway("run", "experiment=toy").returncode == 0
    return toy


def age(project):
    """Makes the files of a project look as if they had not been written just now."""
    for path in project.folder.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.mark.parametrize("words", [("--help",), ("plugins", "list"), ("runs", "list"), ("--version",)])
def test_light_commands_import_no_hydra_and_nothing_heavy(ran, words):
    assert not modules(ran, *words) & (HEAVY | {"hydra", "omegaconf", "pydantic", "numpy"})


@pytest.mark.parametrize("command", ["plan", "run", "check"])
def test_a_plan_and_a_cached_run_import_nothing_heavy(ran, command):
    assert not modules(ran, command, "experiment=toy") & HEAVY


@pytest.mark.parametrize("command", ["plan", "run", "check"])
def test_a_repeated_command_imports_no_hydra(ran, command):
    for _ in range(2):
        found = modules(ran, command, "experiment=toy")
    assert not found & (HEAVY | {"hydra", "omegaconf", "yaml", "antlr4"})


def test_the_public_surface_is_light():
    code = "import sys, headway, headway.contracts; print(*{n.partition('.')[0] for n in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & (HEAVY | {"hydra", "pydantic", "numpy", "pytest"})
