"""What becomes of a stage whose source or data changes between its plan and its end."""

import os

import pytest
from headway.executors import InProcess
from headway.job import task_of
from headway.plugins import load
from headway.runner import execute

from tests.unit.planning.conftest import Quiet


class Meddling(Quiet):
    """Does something while the model is computed, and keeps the outcomes."""

    def __init__(self, records, meddle):
        super().__init__(records)
        self.meddle, self.outcomes = meddle, {}

    def step(self, node, step, metrics):
        if step == 3:
            self.meddle()

    def finished(self, node, outcome):
        super().finished(node, outcome)
        self.outcomes[node.label] = outcome


def run(toy, meddle=lambda: None, made=None):
    journal = Meddling(toy.records, meddle)
    execute(made or toy.plan(), InProcess(load(toy.folder)), journal, (toy.store.root, toy.folder))
    return journal.outcomes


def edit(toy):
    toy.edit("plugins/_arithmetic.py", "base**exponent", "base + exponent")


def restore(toy):
    toy.edit("plugins/_arithmetic.py", "base + exponent", "base**exponent")


def test_a_module_edited_while_a_stage_works_with_it_changes_nothing(toy):
    key = toy.keys()["model"]
    assert run(toy, lambda: edit(toy))["model"].status == "done"
    restore(toy)
    assert toy.store.find(key) is not None


def test_a_source_that_a_stage_may_import_after_it_was_edited_gives_no_entry(toy):
    toy.edit("plugins/toy.py", "from . import _arithmetic\n", "")
    toy.edit("plugins/toy.py", "        lengths = [", "        from . import _arithmetic\n\n        lengths = [")
    key = toy.keys()["model"]
    failed = run(toy, lambda: edit(toy))["model"]
    assert failed.status == "failed"
    assert failed.failure.code == "changed-meanwhile"
    assert "_arithmetic.py changed while the run worked" in failed.failure.what
    assert "run again" in failed.failure.hint
    assert toy.store.find(key) is None
    restore(toy)
    assert run(toy)["model"].status == "done"


def test_a_source_edited_before_its_stage_begins_is_told_before_it_works(toy):
    made, began = toy.plan(), []
    edit(toy)
    outcomes = run(toy, lambda: began.append(1), made)
    assert next(iter(outcomes.values())).failure.code == "changed-meanwhile"
    assert began == []


def test_data_written_after_the_plan_is_told(toy):
    made = toy.plan()
    (toy.folder / "lines.txt").write_text("another\n")
    assert "lines.txt changed" in run(toy, made=made)["lines"].failure.what


def test_a_comment_and_a_touch_are_no_change(toy):
    def meddle():
        toy.edit("plugins/_arithmetic.py", "# a comment", "# another, which is longer")
        os.utime(toy.folder / "lines.txt", (1.0, 1.0))

    assert {outcome.status for outcome in run(toy, meddle).values()} == {"done"}


def test_stages_share_what_is_known_of_their_files(toy):
    nodes = toy.plan("summary.seed=1,2,3").nodes
    same = [node.vertex.watched["source"] for node in nodes if node.stage.name == "summary"]
    assert len(same) == 3
    assert same[0] is same[1] is same[2]


@pytest.mark.parametrize("name", ["source", "content"])
def test_a_task_names_the_files_of_its_key(toy, name):
    node = toy.plan().nodes[0]
    task = task_of(node, {}, toy.store.root, toy.folder)
    assert task.watched[name].keys() == node.components[name].keys()
