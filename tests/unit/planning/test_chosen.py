"""What a field that chooses something registered means for a key."""

import pytest

CHOOSING = """
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from headway import Context, Secret, SourcePath, Stage, Uncached
from headway.fields import Uses
from headway.stage import build_used

from .toy import Note


@dataclass(frozen=True)
class Choosing(Stage):
    steps: tuple[Annotated[str | Mapping[str, Any], Uses("step")], ...] = ()
    label: str = "upper"

    def run(self, context: Context) -> Note:
        lines = [self.label]
        for value in self.steps:
            lines = build_used(value, "step", context.registry).apply(lines)
        return Note(lines)


def headway_register(registry):
    registry.add("lines", "choosing", Choosing)
"""


STEP = """
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from headway import Secret, SourcePath, Uncached
from headway.fields import Uses


@dataclass(frozen=True)
class {0}:
    times: int = 2
    path: SourcePath = "lines.txt"
    token: Secret = ""
    progress: Annotated[bool, Uncached()] = True
    then: Annotated[str | Mapping[str, Any], Uses("step")] | None = None

    def apply(self, lines):
        return [*lines, *Path(self.path).read_text().split()] * self.times


def headway_register(registry):
    registry.add("step", "{1}", {0})
"""


@pytest.fixture
def choosing(toy):
    """A project whose first stage chooses steps, each of which has a module of its own."""
    (toy.folder / "plugins" / "choosing.py").write_text(CHOOSING)
    for name in ("upper", "lower", "unused"):
        (toy.folder / "plugins" / f"{name}_.py").write_text(STEP.format(name.title(), name))
    toy.edit("configs/experiment/toy.yaml", "/lines: file", "/lines: choosing")
    steps = "  steps: [upper, {upper: {token: hunter2, then: {lower: {path: a.txt}}}}]\n"
    toy.edit("configs/experiment/toy.yaml", "  path: lines.txt\n", steps)
    (toy.folder / "a.txt").write_text("a")
    toy.run()
    return toy


def test_the_source_of_what_is_chosen_enters_the_key_and_no_other(choosing):
    assert choosing.reasons() == {}
    choosing.edit("plugins/unused_.py", "= 2", "= 3")
    assert choosing.reasons() == {}
    choosing.edit("plugins/lower_.py", "self.times", "self.times * 2")
    assert choosing.reasons()["lines"] == ("plugins/lower_.py changed",)


def test_files_of_what_is_chosen_are_known_by_content(choosing):
    (choosing.folder / "a.txt").write_text("b")
    (reason,) = choosing.reasons()["lines"]
    assert reason == "lines.steps.1.upper.then.lower.path: a.txt changed (configs/experiment/toy.yaml:10)"


def test_a_choice_enters_the_key_by_its_name_and_fields_however_it_is_written(choosing):
    def lines(steps):
        return choosing.keys(f"lines.steps={steps}")["lines"]

    known = lines("[upper]")
    assert lines("[{upper: {}}]") == lines("[{upper: {times: 2}}]") == known
    assert lines("[{upper: {progress: false, token: hunter3}}]") == known
    others = ["[lower]", "[{upper: {times: 3}}]", "[upper,upper]", "[{upper: {then: lower}}]", "[]"]
    assert len({known, *map(lines, others)}) == 6


def test_a_field_of_a_choice_that_changed_is_told_with_its_place(choosing):
    choosing.edit("configs/experiment/toy.yaml", "path: a.txt", "path: a.txt, times: 7")
    assert choosing.reasons()["lines"] == (
        "lines.steps.1.upper.then.lower.times 2 → 7 (configs/experiment/toy.yaml:10)",
    )


def test_no_secret_of_a_choice_is_in_what_a_key_is_made_of(choosing):
    assert "hunter2" not in str([node.components for node in choosing.plan().nodes])
