"""Runs are opened and closed, whatever goes wrong with one of them."""

from types import SimpleNamespace

import pytest
from headway.errors import StoreError
from headway.journal import Journal, Kept
from headway.results import StageOutcome
from headway.store import open_store
from headway.testing.records import run_number


class Silent:
    def __getattr__(self, name):
        return lambda *told: None


class Noted(Silent):
    """A tracker that notes how its run was closed."""

    def __init__(self):
        self.closed = []

    def open(self, run):
        return self

    def close(self, status, metrics):
        self.closed.append(status)


class Here:
    def __init__(self, root, count):
        self.store = open_store(root)
        self.trackers = [Noted() for _ in range(count)]
        experiments = [SimpleNamespace(trackers={"noted": tracker}) for tracker in self.trackers]
        session = SimpleNamespace(
            store=root,
            artifacts=self.store.artifacts,
            records=self.store.records,
            plugins=SimpleNamespace(emit=lambda event, **told: None),
        )
        self.runs = [run_number(number) for number in range(count)]
        self.journal = Journal(session, list(map(Kept, self.runs, experiments)), Silent())

    @property
    def states(self):
        return [run.status for run in reversed(self.store.records.list())]

    @property
    def told(self):
        return [tracker.closed for tracker in self.trackers]

    def fails(self, monkeypatch, part, name, error, at):
        """Makes a method fail for the run of a number."""
        real = getattr(part, name)

        def failing(run, *told, **more):
            if getattr(run, "id", run) == self.runs[at].id:
                raise error
            return real(run, *told, **more)

        monkeypatch.setattr(part, name, failing)


@pytest.fixture
def here(tmp_path):
    return Here(tmp_path / "store", 3)


FULL = StoreError("no space left on device")


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()])
def test_runs_that_are_open_are_closed_if_another_cannot_be_opened(here, monkeypatch, error):
    here.fails(monkeypatch, here.store.records, "open_run", error, at=1)
    with pytest.raises(type(error)), here.journal:
        pytest.fail("it was entered")
    status = "failed" if error is FULL else "interrupted"
    assert here.states == [status]
    assert here.told == [[status], [], []]


def test_a_run_without_a_folder_is_closed(here, monkeypatch):
    here.fails(monkeypatch, here.store.artifacts, "open_folder", FULL, at=1)
    with pytest.raises(StoreError, match="no space"), here.journal:
        pytest.fail("it was entered")
    assert here.states == ["failed", "failed"]
    assert here.told == [["failed"], [], []]


def test_what_cannot_be_opened_is_told_rather_than_what_cannot_be_closed_after_it(here, monkeypatch):
    here.fails(monkeypatch, here.store.artifacts, "open_folder", FULL, at=1)
    here.fails(monkeypatch, here.store.records, "close_run", StoreError("it cannot be closed"), at=1)
    with pytest.raises(StoreError, match="no space"), here.journal:
        pytest.fail("it was entered")
    assert here.told == [["failed"], [], []]


def test_a_run_that_cannot_be_closed_keeps_no_other_open_and_its_tracker_is_told(here, monkeypatch):
    here.fails(monkeypatch, here.store.records, "close_run", FULL, at=0)
    with pytest.raises(StoreError, match="no space"), here.journal:
        pass
    assert here.states == ["running", "done", "done"]
    assert here.told == [["done"], ["done"], ["done"]]


def test_a_stage_that_cannot_be_recorded_at_the_end_keeps_no_run_open(here, monkeypatch):
    node = SimpleNamespace(
        key="k" * 64,
        label="model",
        reasons=(),
        stage=SimpleNamespace(kind="model", use="mlp"),
        labels={1: ["model"]},
        entry=None,
    )
    journal = here.journal.__enter__()
    journal.started(node)
    here.fails(monkeypatch, here.store.records, "write_stage", FULL, at=1)
    with pytest.raises(StoreError, match="no space"):
        journal.__exit__(ValueError, ValueError("a bug"), None)
    assert here.states == ["failed", "interrupted", "failed"]
    assert here.told == [["failed"], ["interrupted"], ["failed"]]
    assert [result.status for result in journal.results] == ["failed", "interrupted", "failed"]
    assert journal.results[1].stages == (StageOutcome("model", "model", "interrupted"),)
