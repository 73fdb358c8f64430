"""The table under a grid."""

from headway.cli.folds import Pooled
from headway.cli.grid import grid
from headway.results import RunResult, StageOutcome


def result(number, label, status="done", **metrics):
    stages = (
        StageOutcome("model", "model", "done", 1.0, "d", {"loss": 9.0}),
        StageOutcome("evaluation", "evaluation", status, 1.0, "d", metrics | {"baselines.linear.auroc": 0.5}),
    )
    return RunResult(f"run-{number}", label, status, 2.0, stages)


def no_pool(results):
    raise AssertionError("there are no folds")


def grid_of(results, pool=no_pool):
    return grid(results, pool)


def test_a_row_a_run_with_its_settings_and_its_evaluation():
    lines = grid_of([result(1, "model=mlp", auroc=0.91), result(2, "model=linear", auroc=0.9)])
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
    lines = grid_of(found)
    start = lines.index("mean ± standard deviation over seeds")
    assert [line.split() for line in lines[start + 1 :]] == [
        ["model", "seeds", "auroc"],
        ["mlp", "2", "0.9100", "±", "0.0141"],
        ["linear", "2", "0.8000", "±", "0.0000"],
    ]


def test_a_failed_run_has_a_row_without_figures():
    failed = RunResult("run-2", "model=mlp", "failed", 2.0, (StageOutcome("model", "model", "failed"),))
    lines = grid_of([result(1, "model=linear", auroc=0.9), failed])
    assert lines[2].split() == ["mlp", "failed", "2.0", "run-2"]


def test_values_with_spaces_and_several_settings_stay_apart():
    lines = grid_of(
        [result(1, "model.layers=[1, 2] seed=1", auroc=0.9), result(2, "model.layers=[3] seed=1", auroc=0.9)]
    )
    assert lines[0].split()[:2] == ["model.layers", "seed"]
    assert lines[1].startswith("[1, 2]")


def test_metrics_that_do_not_fit_are_left_to_runs_show(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    metrics = {f"a_rather_long_metric_{number}": 0.5 for number in range(20)}
    lines = grid_of([result(1, "seed=1", **metrics), result(2, "seed=2", **metrics)])
    assert max(map(len, lines)) <= 110
    assert "a_rather_long_metric_0" in lines[0]


POOLED = [
    "pooled:",
    "the",
    "test",
    "rows",
    "of",
    "all",
    "folds",
    "put",
    "together,",
    "each",
    "metric",
    "computed",
    "once",
]


def folded(*axes, pool):
    found = [result(n, label, **metrics) for n, (label, metrics) in enumerate(axes)]
    lines = [line.split() for line in grid_of(found, pool)]
    return [line for line in lines[len(found) + 1 :] if line]


def pool_of(results):
    return Pooled(len(results), 10 * len(results), {"test.auroc": float(len(results))})


def test_folds_are_summed_up_and_put_together_beside_the_other_settings():
    lines = folded(
        *((f"model={model} data.split.fold={fold}", {"test.auroc": value})
          for model, fold, value in [("mlp", 0, 0.9), ("mlp", 1, 0.92), ("linear", 0, 0.8), ("linear", 1, 0.8)]),
        pool=pool_of,
    )  # fmt: skip
    assert lines == [
        ["mean", "±", "standard", "deviation", "over", "folds"],
        ["model", "folds", "test.auroc"],
        ["mlp", "2", "0.9100", "±", "0.0141"],
        ["linear", "2", "0.8000", "±", "0.0000"],
        POOLED,
        ["model", "folds", "rows", "test.auroc"],
        ["mlp", "2", "20", "2.0000"],
        ["linear", "2", "20", "2.0000"],
    ]


def test_of_a_seed_with_folds_its_mean_counts():
    values = {(1, 0): 0.8, (1, 1): 0.9, (2, 0): 0.9, (2, 1): 1.0}
    lines = folded(
        *((f"seed={seed} data.split.fold={fold}", {"auroc": value}) for (seed, fold), value in values.items()),
        pool=lambda results: None,
    )
    assert lines == [
        ["mean", "±", "standard", "deviation", "over", "folds"],
        ["seed", "folds", "auroc"],
        ["1", "2", "0.8500", "±", "0.0707"],
        ["2", "2", "0.9500", "±", "0.0707"],
        ["mean", "±", "standard", "deviation", "over", "seeds"],
        ["seeds", "auroc"],
        ["2", "0.9000", "±", "0.0707"],
    ]


def test_a_failed_fold_is_not_counted():
    failed = RunResult("run-9", "data.split.fold=2", "failed", 2.0, (StageOutcome("model", "model", "failed"),))
    found = [result(fold, f"data.split.fold={fold}", auroc=0.5) for fold in range(2)]
    lines = [line.split() for line in grid_of([*found, failed], pool_of)]
    assert ["2", "0.5000", "±", "0.0000"] in lines
    assert ["2", "20", "2.0000"] in lines
