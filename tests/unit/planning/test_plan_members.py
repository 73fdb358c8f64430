"""Members in a plan: trained once each, kept from run to run, and nothing trained that no one takes."""

import pytest

STAGES = '''
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from headway import Context, Seed, Stage, Uncached

from .toy import Note


@dataclass(frozen=True)
class Draw(Stage):
    """Lengths and a seed."""

    seed: Seed = 0

    def run(self, context: Context, lines: Note) -> Note:
        return Note([self.seed, len(lines.value)])


@dataclass(frozen=True)
class Export(Stage):
    """Doubled."""

    def run(self, context: Context, model: Note) -> Note:
        return Note([2 * value for value in model.value])


@dataclass(frozen=True)
class Together(Stage):
    """All members."""

    refines: ClassVar[str] = "export"
    members: Annotated[tuple[str | Mapping[str, Any], ...], Uncached()] = ("model",)
    seeds: Annotated[int | tuple[int, ...], Uncached()] = 1

    def run(self, context: Context, members: Mapping[str, Note]) -> Note:
        return Note({name: note.value for name, note in members.items()})


@dataclass(frozen=True)
class Judge(Stage):
    """What it was given."""

    def run(self, context: Context, export: Note, baselines: Mapping[str, Note] = {}) -> Note:
        return Note([export.value, {name: note.value for name, note in baselines.items()}])


def headway_register(registry):
    registry.add("model", "draw", Draw)
    registry.add("export", "double", Export)
    registry.add("ensemble", "together", Together)
    registry.add("evaluation", "judge", Judge)
'''
CHOICES = ("model=draw", "export=double", "evaluation=judge", "pipeline=[lines,model,export,evaluation]")
WORDS = (*CHOICES, "ensemble=together", "baselines=[count]")


@pytest.fixture
def toy(toy):
    (toy.folder / "plugins" / "members.py").write_text(STAGES)
    return toy


def test_every_member_is_a_variant_of_model_and_export(toy):
    assert list(toy.keys(*WORDS, "ensemble.seeds=2")) == [
        "lines",
        "model",
        "export",
        "model[seed=4]",
        "export[seed=4]",
        "ensemble",
        "model[count]",
        "export[count]",
        "evaluation",
    ]


def test_a_baseline_is_one_model_and_no_ensemble(toy):
    keys = toy.keys(*WORDS, "ensemble.seeds=2")
    (evaluation,) = [node for node in toy.plan(*WORDS, "ensemble.seeds=2").nodes if node.label == "evaluation"]
    assert evaluation.inputs == {"export": keys["ensemble"], "baselines": {"count": keys["export[count]"]}}
    (ensemble,) = [node for node in toy.plan(*WORDS, "ensemble.seeds=2").nodes if node.label == "ensemble"]
    assert ensemble.inputs == {"members": {"seed=3": keys["export"], "seed=4": keys["export[seed=4]"]}}


def test_a_rerun_with_one_more_seed_trains_only_that_one(toy):
    toy.run(*WORDS, "ensemble.seeds=2")
    assert toy.reasons(*WORDS, "ensemble.seeds=2") == {}
    running = toy.reasons(*WORDS, "ensemble.seeds=3")
    assert list(running) == ["model[seed=5]", "export[seed=5]", "ensemble", "evaluation"]
    assert running["ensemble"] == ("members.seed=5 is new",)


def test_a_member_that_was_a_run_of_its_own_is_not_trained_again(toy):
    toy.run(*CHOICES, "seed=4")
    running = toy.reasons(*WORDS, "ensemble.seeds=2", "baselines=[]")
    assert list(running) == ["model", "export", "ensemble", "evaluation"]


def test_the_pipelines_own_model_is_not_trained_if_it_is_no_member(toy):
    labels = list(toy.keys(*WORDS, "ensemble.seeds=[8,9]"))
    assert [label for label in labels if label.startswith(("model", "export"))] == [
        "model[seed=8]",
        "export[seed=8]",
        "model[seed=9]",
        "export[seed=9]",
        "model[count]",
        "export[count]",
    ]


def test_seeds_written_either_way_are_one_ensemble(toy):
    assert toy.keys(*WORDS, "ensemble.seeds=2") == toy.keys(*WORDS, "ensemble.seeds=[3,4]")


def test_a_model_that_draws_nothing_is_trained_once_for_all_seeds(toy):
    keys = toy.keys(*WORDS, "ensemble.members=[model,count]", "ensemble.seeds=2", "baselines=[]")
    assert [label for label in keys if label.startswith("model")] == ["model", "model[count,seed=3]", "model[seed=4]"]
