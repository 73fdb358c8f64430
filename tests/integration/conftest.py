import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

TOY = Path(__file__).parent / "toy"


@dataclass(frozen=True)
class Project:
    """A throwaway project and the command line in it."""

    folder: Path

    def headway(self, *words, **environment):
        return subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=self.environment(environment),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def start(self, *words, **environment):
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *words):
        return [sys.executable, "-m", "headway.cli.main", *words]

    def environment(self, more):
        return os.environ | {"TOY_LOG": str(self.folder / "toy.log")} | more

    def edit(self, path, old, new):
        file = self.folder / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def digests(self):
        """Key to digest of everything in the store."""
        import json

        entries = (self.folder / ".headway" / "entries").glob("*.json")
        return {path.stem: json.loads(path.read_text())["digest"] for path in entries}

    def computed(self):
        """What the slow stage computed, a line each time."""
        log = self.folder / "toy.log"
        return log.read_text().splitlines() if log.exists() else []


def write_toy(folder):
    (folder / "configs" / "experiment").mkdir(parents=True)
    (folder / "plugins").mkdir()
    for name in ("toy.py", "_arithmetic.py"):
        shutil.copy(TOY / name, folder / "plugins" / name)
    shutil.copy(TOY / "toy.yaml", folder / "configs" / "experiment" / "toy.yaml")
    (folder / "lines.txt").write_text("one\nthree\nseven\n")
    return Project(folder)


@pytest.fixture
def toy(tmp_path):
    return write_toy(tmp_path)


@pytest.fixture
def toys(tmp_path):
    """Two toy projects in different folders."""
    for name in ("here", "elsewhere"):
        (tmp_path / name).mkdir()
    return write_toy(tmp_path / "here"), write_toy(tmp_path / "elsewhere")
