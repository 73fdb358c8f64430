"""The suite of trackers catches faulty ones."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from headway.testing import TrackerSuite, make_run

from tests.integration.test_trackers import kept, read
from tests.integration.toy.following import Lines, LinesTracking, path_of

SUITE = TrackerSuite()


def read_back(run):
    return kept(read(path_of(run)))


@dataclass(frozen=True)
class Faulty(Lines):
    """Lines with one method, or one detail, gone wrong."""

    fault: type = LinesTracking
    """What follows the run."""

    def open(self, run):
        return self.fault(run)


class OneStage(LinesTracking):
    def metrics(self, stage, step, metrics):
        super().metrics("model", step, metrics)


class Rounded(LinesTracking):
    def metrics(self, stage, step, metrics):
        super().metrics(stage, step, {name: round(value, 6) for name, value in metrics.items()})


class GrowingSteps(LinesTracking):
    last = 0

    def metrics(self, stage, step, metrics):
        if step is None or step > self.last:
            self.last = step or self.last
            super().metrics(stage, step, metrics)


class LastForFinal(LinesTracking):
    def metrics(self, stage, step, metrics):
        super().metrics(stage, step, metrics)
        super().metrics(stage, None, metrics)

    def stage_finished(self, stage):
        super().metrics(stage.name, None, {"auroc": 0.8})
        super().stage_finished(stage)


class AlwaysDone(LinesTracking):
    def close(self, status, metrics):
        super().close("done", metrics)


class ByAttempt(LinesTracking):
    def __init__(self, run):
        super().__init__(replace(run, attempt_of=None))


class OneFile(LinesTracking):
    def __init__(self, run):
        super().__init__(replace(run, attempt_of="all"))


class Dotted(LinesTracking):
    def metrics(self, stage, step, metrics):
        super().metrics(stage, step, {name.replace("/", "."): value for name, value in metrics.items()})


class Short(LinesTracking):
    def metrics(self, stage, step, metrics):
        if (step or 0) <= 1000:
            super().metrics(stage, step, metrics)


class Talking(LinesTracking):
    def close(self, status, metrics):
        print("closed")
        super().close(status, metrics)


class Littering(LinesTracking):
    def close(self, status, metrics):
        Path("summary.json").write_text(json.dumps(dict(metrics)))
        super().close(status, metrics)


@pytest.fixture
def run(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return make_run(tmp_path / "store")


@pytest.mark.parametrize(
    ("fault", "test", "more"),
    [
        (OneStage, "test_metrics_are_kept_by_stage_and_step", ()),
        (Rounded, "test_metrics_are_kept_by_stage_and_step", ()),
        (GrowingSteps, "test_a_step_may_be_told_again", ()),
        (GrowingSteps, "test_stages_may_report_in_turns", ()),
        (LastForFinal, "test_final_metrics_stand_beside_those_by_step_of_the_same_name", ()),
        (AlwaysDone, "test_how_a_run_ends_is_kept", ("failed",)),
        (AlwaysDone, "test_a_run_without_stages_is_kept", ()),
        (ByAttempt, "test_a_repeated_run_goes_on_where_its_first_attempt_ended", ()),
        (OneFile, "test_two_runs_may_be_open_at_once", ()),
        (Dotted, "test_metrics_may_have_any_name", ()),
        (Short, "test_a_long_history_is_kept_whole", ()),
    ],
)
def test_a_faulty_tracker_is_caught(run, fault, test, more):
    def by_fault(run):
        return read_back(replace(run, attempt_of="all") if fault is OneFile else run)

    with pytest.raises((AssertionError, FileNotFoundError, KeyError)):
        getattr(SUITE, test)(Faulty(fault=fault), run, by_fault, *more)
    getattr(SUITE, test)(Lines(), replace(run, store=run.store / "right"), read_back, *more)


@pytest.mark.parametrize("fault", [Talking, Littering])
def test_a_tracker_that_does_not_keep_to_itself_is_caught(run, fault, capfd):
    with pytest.raises(AssertionError):
        SUITE.test_it_keeps_to_itself(Faulty(fault=fault), run, capfd)


def test_a_tracker_that_writes_its_secret_is_caught(run):
    @dataclass(frozen=True)
    class Leaking(Lines):
        def open(self, run):
            return LinesTracking(replace(run, config={**run.config, "token": self.token}))

    with pytest.raises(AssertionError):
        SUITE.test_its_secrets_are_told_to_nobody(Leaking(), run, read_back)


def test_a_tracker_without_documented_fields_is_caught():
    @dataclass(frozen=True)
    class Silent(Lines):
        path: str = ""

    with pytest.raises(AssertionError):
        SUITE.test_its_fields_are_a_documented_config(Silent())
