"""A stage that complains of a config key: the place is shown where the key was written, and recorded."""

import json
import re

import pytest

BLAMING = """
from collections.abc import Mapping
from dataclasses import dataclass, field

from headway import Context, Stage
from headway.errors import DataError, Place

from .toy import Note


@dataclass(frozen=True)
class Blaming(Stage):
    formulas: Mapping[str, str] = field(default_factory=lambda: {"usual": "a + b"})
    word: str = "b"
    ready: bool = True

    def place(self, node):
        for name, text in self.formulas.items():
            if self.word in text:
                return Place(f"{node}.formulas.{name}", None, text.index(self.word) + 1, text, len(self.word))

    def preflight(self):
        return [] if self.ready else [DataError("it is not ready", where=self.place("model"))]

    def run(self, context: Context, lines: Note) -> Note:
        place = self.place(context.name)
        if place is not None:
            raise DataError(f"{place.source} uses an unknown word", where=place, hint="mend it", code="word")
        return Note([1])


def headway_register(registry):
    registry.add("model", "blaming", Blaming)
"""
FORMULAS = "model:\n  formulas:\n    first: 'x + y'\n    second: 'x + unknown'\n  word: unknown\n"
IN_FILE = """\
  --> configs/experiment/toy.yaml:14:18
   14 |     second: 'x + unknown'
      |                  ^^^^^^^
  help: mend it"""


@pytest.fixture
def blaming(toy):
    (toy.folder / "plugins" / "blaming.py").write_text(BLAMING)
    toy.edit("configs/experiment/toy.yaml", "/model: count", "/model: blaming")
    experiment = toy.folder / "configs" / "experiment" / "toy.yaml"
    experiment.write_text(experiment.read_text() + FORMULAS)
    return toy


def shown(toy, label="model"):
    run = json.loads(toy.headway("runs", "show", "latest", "--format", "json").stdout)
    return next(stage["error"] for stage in run["stages"] if stage["label"] == label)


@pytest.mark.parametrize("isolate", ["true", "false"])
def test_the_line_of_the_file_is_shown_and_recorded(blaming, isolate):
    done = blaming.headway("run", "experiment=toy", f"runner.isolate={isolate}")
    assert done.returncode == 1
    assert re.search(r"error\[word\]: stage 'model' \(blaming, .*\): model.formulas.second uses", done.stderr)
    assert IN_FILE in done.stderr
    assert IN_FILE.rpartition("\n")[0] in shown(blaming)


def test_a_grid_of_parallel_workers_shows_each_place_once(blaming):
    words = ["model.formulas.second=y,'y unknown','unknown'", "seed=1,2", "runner.workers=2"]
    done = blaming.headway("run", "-m", "experiment=toy", "--keep-going", *words)
    assert done.returncode == 1
    assert done.stderr.count("  --> command line:26") == 1
    assert "    | model.formulas.second='y unknown'\n    |                          ^^^^^^^\n" in done.stderr
    assert done.stderr.count("  --> command line:24") == 1


def test_a_default_shows_the_key_and_the_text(toy):
    (toy.folder / "plugins" / "blaming.py").write_text(BLAMING)
    done = toy.headway("run", "experiment=toy", "model=blaming")
    place = "  --> model.formulas.usual:5\n    | a + b\n    |     ^\n"
    assert place in done.stderr


def test_a_baseline_is_blamed_where_it_is_listed(blaming):
    blaming.edit("configs/experiment/toy.yaml", "second: 'x + unknown'", "second: x")
    word = "baselines=[{blaming:{formulas:{usual:'an unknown b'},word:unknown}}]"
    done = blaming.headway("run", "experiment=toy", word, "runner.isolate=false")
    caret = " " * word.index("unknown") + "^" * len("unknown")
    assert f"--> command line:{word.index('unknown') + 1}\n    | {word}\n    | {caret}" in done.stderr
    assert "command line" in shown(blaming, "model[blaming]")


def test_what_is_missing_before_a_run_has_its_place_too(blaming):
    done = blaming.headway("run", "experiment=toy", "model.ready=false")
    assert "it is not ready" in done.stderr
    assert IN_FILE.partition("\n  help")[0] in done.stderr
    assert "nothing was run" in done.stderr
