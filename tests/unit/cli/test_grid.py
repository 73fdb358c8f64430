"""The table under a grid."""

from headway.cli.grid import grid
from headway.runner import RunResult, StageOutcome


def result(number, label, status="done", **metrics):
    stages = (
        StageOutcome("model", "model", "done", 1.0, "d", {"loss": 9.0}),
        StageOutcome("evaluation", "evaluation", status, 1.0, "d", metrics | {"baselines.linear.auroc": 0.5}),
    )
    return RunResult(f"run-{number}", label, status, 2.0, stages)


def test_a_row_a_run_with_its_settings_and_its_evaluation():
    lines = grid([result(1, "model=mlp", auroc=0.91), result(2, "model=linear", auroc=0.9)])
    assert [line.split() for line in lines] == [
        ["model", "status", "seconds", "auroc", "run"],
        ["mlp", "done", "2.0", "0.9100", "run-1"],
        ["linear", "done", "2.0", "0.9000", "run-2"],
    ]


def test_seeds_are_summed_up_beside_the_other_settings():
    found = [
        result(n, f"model={model} seed={seed}", auroc=value)
        for n, (model, seed, value) in enumerate(
            [("mlp", 1, 0.9), ("mlp", 2, 0.92), ("linear", 1, 0.8), ("linear", 2, 0.8)]
        )
    ]
    lines = grid(found)
    start = lines.index("mean ± standard deviation over seeds")
    assert [line.split() for line in lines[start + 1 :]] == [
        ["model", "seeds", "auroc"],
        ["mlp", "2", "0.9100", "±", "0.0141"],
        ["linear", "2", "0.8000", "±", "0.0000"],
    ]


def test_a_failed_run_has_a_row_without_figures():
    failed = RunResult("run-2", "model=mlp", "failed", 2.0, (StageOutcome("model", "model", "failed"),))
    lines = grid([result(1, "model=linear", auroc=0.9), failed])
    assert lines[2].split() == ["mlp", "failed", "2.0", "run-2"]


def test_values_with_spaces_and_several_settings_stay_apart():
    lines = grid([result(1, "model.layers=[1, 2] seed=1", auroc=0.9), result(2, "model.layers=[3] seed=1", auroc=0.9)])
    assert lines[0].split()[:2] == ["model.layers", "seed"]
    assert lines[1].startswith("[1, 2]")


def test_metrics_that_do_not_fit_are_left_to_runs_show(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    metrics = {f"a_rather_long_metric_{number}": 0.5 for number in range(20)}
    lines = grid([result(1, "seed=1", **metrics), result(2, "seed=2", **metrics)])
    assert max(map(len, lines)) <= 110
    assert "a_rather_long_metric_0" in lines[0]
