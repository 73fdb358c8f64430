# ruff: noqa: S101 - assertions are what a suite is made of
"""What holds for every place that records runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from headway.errors import UsageError
from headway.store import Condition, Records, Run, RunFilter, StageRow
from headway.store.runs import STATUSES

OpenRecords = Callable[[], Records]

RUN = Run(
    id="20260101-000000-aaaa", name="adult", status="running", created="2026-01-01T00:00:00.000+00:00",
    group="study", label="study/7", overrides=("model=mlp",), seed=3, git={"commit": "abc", "dirty": True},
    config={"seed": 3, "model": {"dropout": 0.2, "layers": [8, 4], "bias": True}}, versions={"python": "3.11"},
)  # fmt: skip
STAGE = StageRow("model", "model", "mlp", "a" * 64, "done", ("not run before",), "d" * 64, 2.0)


def run_number(number: int, **changes: Any) -> Run:
    """A run of a day of its own, in the order of their numbers."""
    day = f"2026-01-{number + 1:02}"
    known: dict[str, Any] = {"id": f"{day.replace('-', '')}-000000-aaaa", "created": f"{day}T00:00:00.000+00:00"}
    return replace(RUN, **(known | changes))


def write(records: Records, run: Run, metrics: Mapping[str, float] | None = None, status: str = "done") -> Run:
    """Records a whole run with one stage."""
    records.open_run(run)
    records.write_stage(run.id, replace(STAGE, metrics=metrics or {}))
    records.close_run(run.id, status, 1.0)
    return run


def killed(open_records: OpenRecords, run: Run) -> None:
    """Records a run in a process that is killed before it closes it."""
    child = os.fork()
    if child == 0:
        open_records().open_run(run)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


class RecordsSuite:
    """Records of runs. Subclasses supply the fixture `open_records`."""

    @pytest.fixture
    def open_records(self) -> OpenRecords:
        """Opens the same, first empty, records each time it is called, as another process would."""
        pytest.fail(f"{type(self).__name__} must supply the fixture 'open_records'")

    @pytest.fixture
    def records(self, open_records: OpenRecords) -> Records:
        """The records under test."""
        return open_records()

    def test_a_run_is_told_as_it_was_recorded(self, open_records: OpenRecords, records: Records) -> None:
        """Also to another process."""
        records.open_run(RUN)
        records.write_stage(RUN.id, replace(STAGE, status="running", digest=None, seconds=None))
        records.write_step(RUN.id, "model", 1, {"loss": 0.5, "auroc": 0.7})
        records.write_step(RUN.id, "model", 2, {"loss": 0.25})
        stage = replace(STAGE, metrics={"test.auroc": 0.9, "a": 1.0})
        records.write_stage(RUN.id, stage)
        records.close_run(RUN.id, "failed", 2.5, "why")
        seen = open_records()
        shown = seen.show(RUN.id)
        assert shown == replace(RUN, status="failed", seconds=2.5, error="why", stages=(stage,))
        assert list(shown.stages[0].metrics) == ["test.auroc", "a"]
        assert seen.list() == [replace(shown, stages=())]
        assert seen.history(RUN.id, "model") == [(1, {"loss": 0.5, "auroc": 0.7}), (2, {"loss": 0.25})]
        assert seen.metrics_of([RUN.id, "nobody"]) == {RUN.id: {"model.test.auroc": 0.9, "model.a": 1.0}, "nobody": {}}
        assert seen.users("d" * 64) == [RUN.id]

    def test_stages_keep_their_order_and_their_last_state(self, records: Records) -> None:
        """A stage that is written again stays where it was."""
        records.open_run(RUN)
        for label in ("data", "model", "data"):
            records.write_stage(RUN.id, replace(STAGE, label=label, metrics={"n": 1.0}))
        shown = records.show(RUN.id)
        assert [stage.label for stage in shown.stages] == ["data", "model"]
        assert shown.stages[0].metrics == {"n": 1.0}
        records.close_run(RUN.id, "done", 1.0)

    def test_the_last_key_of_a_stage_is_that_of_its_last_success(self, records: Records) -> None:
        """Of the same experiment."""
        write(records, RUN)
        failed = run_number(1)
        records.open_run(failed)
        records.write_stage(failed.id, replace(STAGE, key="b" * 64, status="failed", digest=None))
        records.close_run(failed.id, "failed", 1.0)
        assert records.last_key("adult", "model") == "a" * 64
        assert records.last_key("adult", "export") is None
        assert records.last_key("other", "model") is None

    def test_a_run_is_running_while_its_process_lives(self, open_records: OpenRecords, records: Records) -> None:
        """And interrupted if that died."""
        records.open_run(RUN)
        assert open_records().show(RUN.id).status == "running"
        killed(open_records, run_number(1))
        assert [run.status for run in open_records().list()] == ["interrupted", "running"]
        assert [run.id for run in records.list(RunFilter(statuses=("running",)))] == [RUN.id]
        assert [run.id for run in records.list(RunFilter(statuses=("interrupted",)))] == [run_number(1).id]
        records.close_run(RUN.id, "done", 1.0)
        assert open_records().show(RUN.id).status == "done"

    @pytest.mark.parametrize("status", [status for status in STATUSES if status != "running"])
    def test_how_a_run_ended_is_kept(self, open_records: OpenRecords, records: Records, status: str) -> None:
        """And found by it."""
        write(records, RUN, status=status)
        write(records, run_number(1), status="failed" if status == "done" else "done")
        assert open_records().show(RUN.id).status == status
        assert [run.id for run in open_records().list(RunFilter(statuses=(status,)))] == [RUN.id]

    def test_an_interrupted_run_is_found_until_it_is_repeated(
        self, open_records: OpenRecords, records: Records
    ) -> None:
        """By the name and exactly that config."""
        assert records.interrupted("adult", RUN.config) is None
        write(records, run_number(0))
        killed(open_records, run_number(1))
        write(records, run_number(2, config={"seed": 4}), status="interrupted")
        found = records.interrupted("adult", RUN.config)
        assert found is not None
        assert (found.id, found.status, found.attempt_of) == (run_number(1).id, "interrupted", None)
        assert records.interrupted("other", RUN.config) is None
        second = write(records, run_number(3, attempt_of=found.id), status="interrupted")
        assert records.interrupted("adult", RUN.config) == records.list(RunFilter(limit=1))[0]
        write(records, run_number(4, attempt_of=found.id))
        assert records.interrupted("adult", RUN.config) is None
        assert records.show(second.id).attempt_of == found.id

    def test_a_run_that_works_is_not_interrupted(self, open_records: OpenRecords, records: Records) -> None:
        """Another process must not repeat it."""
        records.open_run(RUN)
        assert open_records().interrupted("adult", RUN.config) is None
        records.close_run(RUN.id, "interrupted", 1.0)
        assert open_records().interrupted("adult", RUN.config) is not None

    def test_notes_and_tags_are_kept(self, open_records: OpenRecords, records: Records) -> None:
        """Tags are a set, a note is replaced."""
        write(records, replace(RUN, note="at first", tags=("new",)))
        assert (records.show(RUN.id).note, records.show(RUN.id).tags) == ("at first", ("new",))
        records.note(RUN.id, "in the end")
        records.tag(RUN.id, "paper", "best", "paper")
        records.untag(RUN.id, "new", "never there")
        shown = open_records().show(RUN.id)
        assert (shown.note, shown.tags) == ("in the end", ("best", "paper"))
        for change in (records.tag, records.untag, records.note):
            with pytest.raises(UsageError, match="no run nobody"):
                change("nobody", "word")

    def test_names_groups_tags_and_metrics_are_known(self, records: Records) -> None:
        """Each once, sorted."""
        assert [*records.known("name"), *records.known("tag"), *records.known("metric")] == []
        write(records, run_number(0, name="flights", group=None), {"test.rmse": 1.0})
        write(records, run_number(1, tags=("best", "a")), {"auroc": 1.0})
        write(records, run_number(2, tags=("best",)), {"auroc": 0.5})
        assert records.known("name") == ["adult", "flights"]
        assert records.known("group") == ["study"]
        assert records.known("tag") == ["a", "best"]
        assert records.known("metric") == ["model.auroc", "model.test.rmse"]

    @pytest.mark.parametrize(
        ("wanted", "numbers"),
        [
            (RunFilter(), [4, 3, 2, 1, 0]),
            (RunFilter(limit=2), [4, 3]),
            (RunFilter(limit=0), []),
            (RunFilter(name="adult"), [4, 3, 1, 0]),
            (RunFilter(name="adul"), []),
            (RunFilter(group="study"), [4, 3, 1, 0]),
            (RunFilter(group="adult"), []),
            (RunFilter(statuses=("failed", "done"), limit=3), [4, 3, 2]),
            (RunFilter(statuses=("failed",)), [3]),
            (RunFilter(tags=("best",)), [4, 1]),
            (RunFilter(tags=("best", "paper")), [4]),
            (RunFilter(since="2026-01-03"), [4, 3, 2]),
            (RunFilter(where=(Condition("model.test.auroc", ">=", 0.5),)), [4, 3, 1]),
            (RunFilter(where=(Condition("model.test.auroc", ">", 0.5),)), [4, 3]),
            (RunFilter(where=(Condition("model.test.auroc", "<", 0.8), Condition("seed", "=", 1))), [1]),
            (RunFilter(where=(Condition("model.test.auroc"),)), [4, 3, 1, 0]),
            (RunFilter(where=(Condition("model.test.auroc", "!=", 0.5),)), [4, 3, 0]),
            (RunFilter(where=(Condition("model.dropout", "=", 0.25),)), [0]),
            (RunFilter(where=(Condition("model.dropout", "!=", 0.25),)), [4, 3, 2, 1]),
            (RunFilter(where=(Condition("model.bias", "=", True),)), [4, 3, 2, 1]),
            (RunFilter(where=(Condition("model.bias", "=", 1),)), []),
            (RunFilter(where=(Condition("model.bias", "=", None),)), [0]),
            (RunFilter(where=(Condition("model.layers", "=", [8, 4]),)), [4, 3, 2, 1]),
            (RunFilter(where=(Condition("model.use", "=", "mlp"),)), [0]),
            (RunFilter(where=(Condition("model.use", "=", 3),)), []),
            (RunFilter(where=(Condition("nowhere.at.all", "!=", 3),)), []),
            (RunFilter(sort="created"), [0, 1, 2, 3, 4]),
            (RunFilter(sort="name"), [4, 3, 1, 0, 2]),
            (RunFilter(sort="-model.test.auroc"), [4, 3, 1, 0, 2]),
            (RunFilter(sort="model.test.auroc", limit=2), [0, 1]),
            (RunFilter(sort="-seed", limit=2), [4, 3]),
        ],
    )
    def test_runs_are_filtered_and_sorted(self, records: Records, wanted: RunFilter, numbers: list[int]) -> None:
        """A run without a field satisfies no condition on it, and comes last."""
        other = {"model": {"dropout": 0.25, "layers": [8], "use": "mlp", "bias": None}, "seed": 0}
        write(records, run_number(0, config=other), {"test.auroc": 0.25})
        write(records, run_number(1, tags=("best",), config={**RUN.config, "seed": 1}), {"test.auroc": 0.5})
        write(records, run_number(2, name="flights", group=None, config={**RUN.config, "seed": 2}), {"test.rmse": 9.0})
        write(records, run_number(3, config={**RUN.config, "seed": 3}), {"test.auroc": 0.75}, "failed")
        write(records, run_number(4, tags=("best", "paper"), config={**RUN.config, "seed": 4}), {"test.auroc": 0.875})
        assert [run.id for run in records.list(wanted)] == [run_number(number).id for number in numbers]

    def test_only_numbers_have_an_order(self, records: Records) -> None:
        """Text compared by its bytes would mislead."""
        with pytest.raises(UsageError, match="only numbers"):
            records.list(RunFilter(where=(Condition("model.use", ">", "mlp"),)))

    def test_references_resolve(self, records: Records) -> None:
        """In full, by their beginning, and by what is newest."""
        with pytest.raises(UsageError, match="no run yet"):
            records.resolve("latest")
        for number, name in enumerate(["adult", "flights", "adult"]):
            write(records, run_number(number, name=name))
        assert records.resolve("latest") == run_number(2).id
        assert records.resolve("flights@latest") == run_number(1).id
        assert records.resolve("20260102") == records.resolve(run_number(1).id) == run_number(1).id
        for reference, part in (("2026", "fits several"), ("20260109-000000-aaaa", "did you mean '2026010"),
                                ("%", "unknown run"), ("flihgts@latest", "no run of flihgts yet")):  # fmt: skip
            with pytest.raises(UsageError, match=part):
                records.resolve(reference)

    def test_the_newest_run_is_the_last_recorded_whatever_the_clock_said(self, records: Records) -> None:
        """A clock that was set back must not make an old run the latest."""
        for number in (5, 2, 3):
            write(records, run_number(number))
        assert [run.id for run in records.list()] == [run_number(number).id for number in (3, 2, 5)]
        assert records.resolve("latest") == run_number(3).id
        assert records.resolve("adult@latest") == run_number(3).id

    def test_what_is_remembered_of_files_is_kept_by_folder(self, open_records: OpenRecords, records: Records) -> None:
        """A folder's memory holds neither its parent's nor its children's."""
        assert records.recall("/data") == {}
        records.remember("/data", {("a.csv", "content"): ("1", "x"), ("a.csv", "syntax"): ("1", "y")})
        records.remember("/data/more", {("a.csv", "content"): ("2", "z")})
        records.remember("/data", {("a.csv", "content"): ("3", "w")})
        seen = open_records()
        assert seen.recall("/data") == {("a.csv", "content"): ("3", "w"), ("a.csv", "syntax"): ("1", "y")}
        assert seen.recall("/data/more") == {("a.csv", "content"): ("2", "z")}

    def test_threads_may_share_them(self, records: Records) -> None:
        """Stages may run side by side."""
        from concurrent.futures import ThreadPoolExecutor

        records.open_run(RUN)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda step: records.write_step(RUN.id, "model", step, {"loss": 1.0}), range(40)))
        assert sorted(step for step, _ in records.history(RUN.id, "model")) == list(range(40))
        records.close_run(RUN.id, "done", 1.0)

    def test_sound_records_have_no_faults(self, records: Records) -> None:
        """Empty or not."""
        assert list(records.check()) == []
        write(records, RUN)
        assert list(records.check()) == []
