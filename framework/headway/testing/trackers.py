# ruff: noqa: S101 - assertions are what a suite is made of
"""What holds for every tracker."""

from __future__ import annotations

import copy
import dataclasses
import json
import threading
import typing
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from headway.fields import SecretMarker
from headway.testing.stages import documented, heavy_imports
from headway.tracker import TrackedRun, TrackedStage, Tracker, Tracking

SECRET = "0123456789-do-not-tell-anybody-0123456789"  # noqa: S105 - the bait
LINEAR = "model[linear]"
ODD = ("validation.auroc", "a/b", "a b", "loss*", "f1@0.5", "Fläche", "step", "_step", "name", "x" * 200)
STEPS = 3_000
PATIENCE = 120.0


@dataclass(frozen=True)
class Kept:
    """What a tracker has kept of a run, in the words of the contract.

    Attributes:
        name: The experiment's name, however the tracker shows it with more words.
        group: The run's group.
        config: The run's config; a tracker may add keys of its own.
        steps: Stage to what was told with a step, in order; a step that was told again may be there once or twice.
        final: Stage to its final metrics.
        stages: Stage to its last status.
        status: How the run ended; ``interrupted`` and ``failed`` may be one.
    """

    name: str
    group: str | None
    config: Mapping[str, Any]
    steps: Mapping[str, list[tuple[int, Mapping[str, float]]]] = field(default_factory=dict)
    final: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)
    status: str | None = None


ReadBack = Callable[[TrackedRun], Kept]
Story = Callable[[Tracking], None]


def make_run(store: Path, **changes: Any) -> TrackedRun:
    """A run to open trackers with.

    Args:
        store: The store's folder.
        changes: Attributes of `TrackedRun` that shall differ.
    """
    run = TrackedRun(
        id="20261123-175501-4f2a", attempt_of=None, name="demo", group=None, label="",
        config={"name": "demo", "seed": 7, "model": {"use": "mlp", "layers": [64, 32], "token": "***"}},
        overrides=("model.layers=[64,32]",), seed=7, git={"commit": "5f1c0e9", "dirty": True},
        versions={"headway": "0.1.0", "python": "3.11.7"}, folder=store / "runs" / "20261123-175501-4f2a", store=store,
    )  # fmt: skip
    return replace(run, **changes)


def follow(tracker: Tracker, run: TrackedRun, story: Story) -> None:
    """Opens a tracker and tells it a story, from a thread of its own, as Headway does.

    Raises:
        Exception: What the tracker has raised.
        TimeoutError: It took longer than two minutes.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: story(tracker.open(run))).result(PATIENCE)


def ended(name: str, status: str = "done", path: Path | None = None) -> TrackedStage:
    """A stage that has ended."""
    error = "the lines are too short" if status == "failed" else None
    digest = "ab" * 32 if path else None
    return TrackedStage(name, name.partition("[")[0], status, 1.5, digest, path, error)


def trained(tracking: Tracking, stage: str = "model", steps: int = 3) -> dict[str, float]:
    """Tells of a stage that trains, and gives its final metrics."""
    final = {"validation.auroc": 0.1 + 0.2, "rows": 1e300}
    tracking.stage_started(stage)
    for step in range(1, steps + 1):
        tracking.metrics(stage, step, {"loss": 1 / step, "rate": 1e-12})
    tracking.metrics(stage, None, final)
    tracking.stage_finished(ended(stage))
    return final


class TrackerSuite:
    """A tracker, told of runs as Headway tells it. Supply the fixtures `tracker` and `read_back`.

    `read_back` gives a function from a run to what was kept of it, as a `Kept`.
    """

    @pytest.fixture
    def tracker(self) -> Any:
        """The tracker under test."""
        pytest.fail(f"{type(self).__name__} must supply the fixture 'tracker'")

    @pytest.fixture
    def read_back(self) -> Any:
        """Reads what was kept of a run."""
        pytest.fail(f"{type(self).__name__} must supply the fixture 'read_back'")

    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrackedRun:
        """A run of a store that lies elsewhere than the working directory."""
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        return make_run(tmp_path / "store")

    def test_its_fields_are_a_documented_config(self, tracker: Any) -> None:
        """A frozen dataclass that passes through JSON, with a string below each field."""
        from pydantic import TypeAdapter

        cls = type(tracker)
        assert sorted({f.name for f in dataclasses.fields(cls)} - documented(cls)) == []
        assert cls.__dataclass_params__.frozen
        text = json.dumps(dataclasses.asdict(tracker), allow_nan=False)
        assert TypeAdapter(cls).validate_json(text, strict=True) == tracker

    def test_its_module_imports_nothing_heavy(self, tracker: Tracker) -> None:
        """Listing plugins costs milliseconds, whatever they use."""
        assert heavy_imports(type(tracker).__module__) == []

    def test_what_the_run_is_is_kept(self, tracker: Tracker, run: TrackedRun, read_back: ReadBack) -> None:
        """Its name, its group and every value of its config."""
        run = replace(run, group="20261123-175500-0000", label="seed=7")
        follow(tracker, run, lambda tracking: tracking.close("done", {}))
        kept = read_back(run)
        assert run.name in kept.name
        assert kept.group == run.group
        assert {name: kept.config[name] for name in run.config} == run.config

    def test_metrics_are_kept_by_stage_and_step(self, tracker: Tracker, run: TrackedRun, read_back: ReadBack) -> None:
        """To the last bit, in order, a baseline apart from the model it stands beside."""

        def story(tracking: Tracking) -> None:
            trained(tracking, "model", steps=3)
            trained(tracking, LINEAR, steps=1)
            tracking.close("done", {})

        follow(tracker, run, story)
        kept = read_back(run)
        assert kept.steps["model"] == [(step, {"loss": 1 / step, "rate": 1e-12}) for step in (1, 2, 3)]
        assert kept.steps[LINEAR] == [(1, {"loss": 1.0, "rate": 1e-12})]
        assert kept.final["model"]["validation.auroc"] == kept.final[LINEAR]["validation.auroc"] == 0.1 + 0.2
        assert kept.final["model"]["rows"] == 1e300
        assert kept.stages == {"model": "done", LINEAR: "done"}
        assert kept.status == "done"

    def test_final_metrics_stand_beside_those_by_step_of_the_same_name(
        self, tracker: Tracker, run: TrackedRun, read_back: ReadBack
    ) -> None:
        """The best epoch's value is final, not the last epoch's, even when cached metrics are told again."""

        def story(tracking: Tracking) -> None:
            tracking.metrics("model", 1, {"auroc": 0.9})
            tracking.metrics("model", 2, {"auroc": 0.8})
            tracking.metrics("model", None, {"auroc": 0.9})
            tracking.stage_finished(ended("model", "cached"))
            tracking.close("done", {"model.auroc": 0.9})

        follow(tracker, run, story)
        kept = read_back(run)
        assert kept.steps["model"] == [(1, {"auroc": 0.9}), (2, {"auroc": 0.8})]
        assert kept.final["model"]["auroc"] == 0.9

    def test_a_step_may_be_told_again(self, tracker: Tracker, run: TrackedRun, read_back: ReadBack) -> None:
        """A stage that goes on from a checkpoint repeats steps; the later word holds."""

        def story(tracking: Tracking) -> None:
            for step, loss in ((1, 3.0), (2, 2.0), (1, 3.5), (2, 2.5), (3, 1.0)):
                tracking.metrics("model", step, {"loss": loss})
            tracking.close("done", {})

        follow(tracker, run, story)
        assert dict(read_back(run).steps["model"]) == {1: {"loss": 3.5}, 2: {"loss": 2.5}, 3: {"loss": 1.0}}

    def test_stages_may_report_in_turns(self, tracker: Tracker, run: TrackedRun, read_back: ReadBack) -> None:
        """Stages run in parallel, each with steps of its own."""

        def story(tracking: Tracking) -> None:
            for stage, step in (("model", 5), (LINEAR, 1), ("model", 6), (LINEAR, 2)):
                tracking.metrics(stage, step, {"loss": step / 10})
            tracking.close("done", {})

        follow(tracker, run, story)
        steps = read_back(run).steps
        assert steps["model"] == [(5, {"loss": 0.5}), (6, {"loss": 0.6})]
        assert steps[LINEAR] == [(1, {"loss": 0.1}), (2, {"loss": 0.2})]

    @pytest.mark.parametrize("status", ["failed", "interrupted", "pruned"])
    def test_how_a_run_ends_is_kept(self, tracker: Tracker, run: TrackedRun, read_back: ReadBack, status: str) -> None:
        """With the stage that ended it, and what was told before."""

        def story(tracking: Tracking) -> None:
            tracking.stage_started("model")
            tracking.metrics("model", 1, {"loss": 1.0})
            tracking.stage_finished(ended("model", status))
            tracking.close(status, {})

        follow(tracker, run, story)
        kept = read_back(run)
        assert kept.steps["model"] == [(1, {"loss": 1.0})]
        assert kept.stages == {"model": status}
        assert kept.status in (status, "done" if status == "pruned" else "failed")

    def test_a_run_without_stages_is_kept(self, tracker: Tracker, run: TrackedRun, read_back: ReadBack) -> None:
        """Such as one that could not begin."""
        follow(tracker, run, lambda tracking: tracking.close("failed", {}))
        kept = read_back(run)
        assert (kept.status, kept.steps, kept.final, kept.stages) == ("failed", {}, {}, {})

    def test_two_runs_may_be_open_at_once(self, tracker: Tracker, run: TrackedRun, read_back: ReadBack) -> None:
        """A grid's runs happen together, each in a thread of its own, and nothing of one is kept in the other."""
        runs = [replace(run, id=f"{run.id}{n}", label=f"seed={n}", group=f"{run.id}0") for n in (0, 1)]
        together = threading.Barrier(2, timeout=PATIENCE)

        def story(number: int) -> Story:
            def tell(tracking: Tracking) -> None:
                for step in (1, 2, 3):
                    together.wait()
                    tracking.metrics("model", step, {"loss": step + number / 10})
                together.wait()
                tracking.close(("done", "failed")[number], {})

            return tell

        with ThreadPoolExecutor(2) as threads:
            for told in [threads.submit(follow, tracker, run, story(n)) for n, run in enumerate(runs)]:
                told.result(PATIENCE)
        for number, kept in enumerate(map(read_back, runs)):
            assert kept.steps["model"] == [(step, {"loss": step + number / 10}) for step in (1, 2, 3)]
            assert kept.status == ("done", "failed")[number]

    def test_a_repeated_run_goes_on_where_its_first_attempt_ended(
        self, tracker: Tracker, run: TrackedRun, read_back: ReadBack
    ) -> None:
        """Both attempts are one run to the tracker, also a third that repeats the first."""
        for number, status in enumerate(("interrupted", "interrupted", "done"), start=1):
            attempt = replace(run, id=f"{run.id}{number}", attempt_of=f"{run.id}1" if number > 1 else None)

            def story(tracking: Tracking, number: int = number, status: str = status) -> None:
                tracking.metrics("model", number, {"loss": 1 / number})
                tracking.close(status, {})

            follow(tracker, attempt, story)
        kept = read_back(attempt)
        assert dict(kept.steps["model"]) == {number: {"loss": 1 / number} for number in (1, 2, 3)}
        assert kept.status == "done"

    def test_metrics_may_have_any_name(self, tracker: Tracker, run: TrackedRun, read_back: ReadBack) -> None:
        """Names are the authors' own."""
        metrics = {name: float(number) for number, name in enumerate(ODD)}

        def story(tracking: Tracking) -> None:
            tracking.metrics("model", 4, metrics)
            tracking.metrics(LINEAR, None, metrics)
            tracking.close("done", {f"{LINEAR}.{name}": value for name, value in metrics.items()})

        follow(tracker, run, story)
        kept = read_back(run)
        assert kept.steps["model"] == [(4, metrics)]
        assert kept.final[LINEAR] == metrics

    def test_a_long_history_is_kept_whole(self, tracker: Tracker, run: TrackedRun, read_back: ReadBack) -> None:
        """Thousands of steps, told as fast as they can be."""

        def story(tracking: Tracking) -> None:
            trained(tracking, "model", STEPS)
            tracking.close("done", {})

        follow(tracker, run, story)
        assert [step for step, _ in read_back(run).steps["model"]] == list(range(1, STEPS + 1))

    def test_artifacts_are_read_only_read(self, tracker: Tracker, run: TrackedRun, tmp_path: Path) -> None:
        """What lies in a stage's folder is left as it is, also when nothing could be written there."""
        folder = tmp_path / "artifact"
        folder.mkdir()
        (folder / "report.html").write_text("<p>good</p>", encoding="utf-8")
        (folder / "report.html").chmod(0o444)
        folder.chmod(0o555)

        def story(tracking: Tracking) -> None:
            tracking.stage_finished(ended("evaluation", path=folder))
            tracking.close("done", {})

        follow(tracker, run, story)
        folder.chmod(0o755)
        assert [path.name for path in folder.iterdir()] == ["report.html"]
        assert (folder / "report.html").read_text(encoding="utf-8") == "<p>good</p>"

    def test_it_keeps_to_itself(self, tracker: Tracker, run: TrackedRun, capfd: pytest.CaptureFixture[str]) -> None:
        """Nothing on the terminal, nothing in the working directory, and the run is left as it was told."""
        before = copy.deepcopy(run)
        follow(tracker, run, _whole)
        assert capfd.readouterr() == ("", "")
        assert list(Path.cwd().iterdir()) == []
        assert run == before

    def test_its_secrets_are_told_to_nobody(self, tracker: Any, run: TrackedRun, read_back: ReadBack) -> None:
        """No file of the store holds the value of a `Secret` field."""
        hints = typing.get_type_hints(type(tracker), include_extras=True)
        marked = [name for name, hint in hints.items() if _is_secret(hint)]
        tracker = replace(tracker, **dict.fromkeys(marked, SECRET))
        follow(tracker, run, _whole)
        assert read_back(run).status == "done"
        files = [path for path in run.store.rglob("*") if path.is_file()]
        assert [path.name for path in files if SECRET.encode() in path.read_bytes()] == []


def _whole(tracking: Tracking) -> None:
    trained(tracking)
    tracking.close("done", {})


def _is_secret(hint: Any) -> bool:
    found = any(isinstance(item, SecretMarker) for item in getattr(hint, "__metadata__", ()))
    return found or any(map(_is_secret, typing.get_args(hint)))
