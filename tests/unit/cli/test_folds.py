"""Folds put together."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from headway.cli.folds import pooled
from headway.contracts import Measurement, Output, Predictions, Report, Target
from headway.contracts.predictions import tabulate
from headway.metrics import STANDARD
from headway.results import RunResult, StageOutcome

CLASSES = ("no", "yes")
YES = Output("probability", "probability", CLASSES)


def report(target, output, metrics, given, split="test", weight=None, kind=YES):
    columns = {"__row__": range(len(given)), "split": [split] * len(given), "target": given}
    frame = pl.DataFrame(columns | ({} if weight is None else {"weight": weight}))
    frame = frame.hstack(tabulate((kind,), {kind.name: output}))
    measured = tuple(Measurement(name, split, 0.0) for name in metrics)
    return Report("", "", 0.95, "", measured, "", predictions={"model": Predictions(frame, target, (kind,), "d")})


def session_with(*reports):
    metrics = {metric.name: metric for metric in STANDARD}
    registry = SimpleNamespace(get=lambda kind, name: metrics[name])
    artifacts = SimpleNamespace(load=lambda digest, lookup: reports[int(digest)])
    results = [
        RunResult(f"run-{n}", "", "done", 1.0, (StageOutcome("evaluation", "evaluation", "done", 1.0, str(n)),))
        for n in range(len(reports))
    ]
    return SimpleNamespace(artifacts=artifacts, plugins=SimpleNamespace(registry=registry)), results


def classified(codes, seed, **given):
    positive = np.random.default_rng(seed).random(len(codes)).astype(np.float32)
    output = np.stack([1 - positive, positive], axis=1)
    target = Target("y", "classification", CLASSES)
    return report(target, output, ("auroc", "accuracy"), [CLASSES[code] for code in codes], **given), positive


def test_a_metric_is_computed_once_over_the_test_rows_of_all_folds():
    codes = [[0, 1, 1, 0, 1], [1, 0, 0]]
    folds = [classified(part, seed) for seed, part in enumerate(codes)]
    found = pooled(*session_with(*(fold for fold, _ in folds)))
    truth, scores = np.concatenate(codes) == 1, np.concatenate([scores for _, scores in folds])
    wins = (scores[truth][:, None] > scores[~truth][None]).mean()
    assert (found.folds, found.rows) == (2, 8)
    assert found.metrics == {
        "test.auroc": pytest.approx(wins), "test.accuracy": pytest.approx(((scores > 0.5) == truth).mean()),
    }  # fmt: skip


def test_weights_of_the_rows_count():
    first, _ = classified([0, 1], 0, weight=[0.0, 1.0])
    second, scores = classified([1, 1], 1, weight=[3.0, 0.0])
    found = pooled(*session_with(first, second))
    right = [classified([0, 1], 0)[1][1] > 0.5, scores[0] > 0.5]
    assert found.metrics["test.accuracy"] == pytest.approx((right[0] + 3 * right[1]) / 4)


def test_quantities_are_put_together_too():
    value = Output("value", "value")
    parts = [([1.0, 2.0], [1.5, 2.0]), ([3.0], [0.0])]
    reports = [
        report(Target("y", "regression"), np.array(told, dtype=np.float32), ("mae",), given, kind=value)
        for given, told in parts
    ]
    assert pooled(*session_with(*reports)).metrics == {"test.mae": pytest.approx(3.5 / 3)}


def test_labels_are_put_together_too():
    marginal = Output("probability", "marginal", ("a", "b"))
    target = Target("a, b", "multilabel", ("a", "b"))
    parts = [([[True, False], [False, True]], [[0.9, 0.1], [0.2, 0.3]]), ([[True, True]], [[0.8, 0.7]])]
    dtype = pl.Array(pl.Boolean, 2)
    reports = [
        report(target, np.array(told, np.float32), ("subset_accuracy",), pl.Series(given, dtype=dtype), kind=marginal)
        for given, told in parts
    ]
    assert pooled(*session_with(*reports)).metrics == {"test.subset_accuracy": pytest.approx(2 / 3)}


def test_without_test_predictions_there_is_nothing_to_put_together():
    assert pooled(*session_with()) is None
    assert pooled(*session_with(classified([0, 1], 0, split="validation")[0])) is None


def test_reports_that_predict_different_things_are_not_put_together():
    kind = Output("probability", "probability", ("a", "b"))
    other = report(Target("z", "classification", ("a", "b")), np.eye(2), ("auroc",), ["a", "b"], kind=kind)
    assert pooled(*session_with(classified([0, 1], 0)[0], other)) is None
