"""The standard metrics, registered by name (kind ``metric``).

A metric is a class, made without arguments unless it needs the output's description (`Metric.of`). Its
call takes the target, the output and, if the rows have them, weights, and gives one number in float64.
Where a metric is undefined (the AUROC of one class, the R² of a constant) the number is NaN, and `compute`
leaves the metric out of its answer, so that no record, report or tracker ever holds a NaN.

A plugin adds a metric by subclassing `Metric`, or `RowMetric` where it is the mean of a loss a row::

    class Hinge(RowMetric):
        name, task, maximize = "hinge", "classification", False

        def per_row(self, target, output): ...

    def headway_register(registry):
        registry.add("metric", Hinge.name, Hinge)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from headway.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from headway.contracts.artifact import Lookup
    from headway.contracts.model import Output


class Metric(ABC):
    """One number about an output, given the target.

    Attributes:
        name: The registered name.
        task: ``classification``, ``regression`` or ``quantile``, or a plugin's own.
        maximize: Whether more is better; None where neither more nor less is.
    """

    name: ClassVar[str]
    task: ClassVar[str]
    maximize: ClassVar[bool | None]

    @classmethod
    def of(cls, output: Output) -> Self:
        """The metric for an output whose description it needs, such as the levels of quantiles."""
        return cls()

    def __call__(self, target: np.ndarray, output: np.ndarray, weight: np.ndarray | None = None) -> float:
        """The metric over all rows.

        Args:
            target: Shape (rows,): int64 class codes for classification, floats for regression and quantiles.
                For forecasts (rows, horizon): each step then counts like a row, with the weight of its row.
            output: Probabilities of shape (rows, classes), values of shape (rows,) or (rows, 1), or
                quantiles of shape (rows, levels); for forecasts with the horizon after the rows.
            weight: Shape (rows,), not negative, with a positive sum; None means one each.

        Returns:
            The metric, or NaN where it is undefined.

        Raises:
            DataError: There are no rows, shapes do not fit, codes lie outside the classes, or a number
                is not finite.
        """
        import numpy as np

        target, output = _checked(self, target, output)
        weights = np.ones(len(target)) if weight is None else _checked_weight(weight, len(target))
        if target.ndim == 2:
            steps = target.shape[1]
            target, output = target.reshape(-1), output.reshape(-1, *output.shape[2:])
            weights = np.repeat(weights, steps)
        return float(self.weighted(target, output, weights[None])[0])

    @abstractmethod
    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The metric under many weightings of the same rows, as resampling needs it.

        Args:
            target: Shape (rows,), checked.
            output: Float64, shape (rows, classes), (rows, levels) or, for regression, (rows,); checked.
            weights: Shape (weightings, rows), not negative.

        Returns:
            Shape (weightings,), float64; NaN where the metric is undefined.
        """


class RowMetric(Metric):
    """A metric that is the weighted mean of a number a row."""

    @abstractmethod
    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The number of every row, shape (rows,), float64; arguments as in `Metric.weighted`."""

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The weighted means."""
        import numpy as np

        return np.asarray(_sums(weights, self.per_row(target, output)) / weights.sum(axis=1))


def _sums(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """``weights @ rows`` without BLAS, whose last bits depend on its threads."""
    import numpy as np

    return np.asarray(np.einsum("wr,r->w", weights, rows))


class Accuracy(RowMetric):
    """The share of rows whose most probable class is the target; of equally probable ones, the first."""

    name, task, maximize = "accuracy", "classification", True

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """1 where the class is right, else 0."""
        import numpy as np

        return np.asarray(output.argmax(axis=1) == target, dtype=np.float64)


class LogLoss(RowMetric):
    """Mean negative logarithm of the probability given to the true class, in nats.

    Probabilities are kept at least 2⁻²³ (the resolution of float32) away from 0 and 1, so that one
    certain mistake costs 15.9, not infinity.
    """

    name, task, maximize = "log_loss", "classification", False

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The negative logarithm of the true class's probability."""
        import numpy as np

        edge = 2.0**-23
        chosen = output[np.arange(len(target)), target]
        return np.asarray(-np.log(np.clip(chosen, edge, 1 - edge)))


class Brier(RowMetric):
    """Mean squared distance of the probabilities from the truth (Brier, 1950).

    Of two classes it is the square for the positive (last) class alone, between 0 and 1; of more, the
    sum of squares over all classes, between 0 and 2.
    """

    name, task, maximize = "brier", "classification", False

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The squared distance."""
        import numpy as np

        if output.shape[1] == 2:
            return np.asarray((output[:, 1] - target) ** 2)
        truth = np.eye(output.shape[1])[target]
        return np.asarray(((output - truth) ** 2).sum(axis=1))


class Auroc(Metric):
    """Area under the ROC curve: how often a positive row is ranked above a negative one; ties count half.

    Of more than two classes it is the plain mean, over the classes that occur among the rows, of each
    class against the rest. Undefined where fewer than two classes occur.
    """

    name, task, maximize = "auroc", "classification", True

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The areas; equal scores count half, exactly."""
        import numpy as np

        if output.shape[1] == 2:
            return _area(target == 1, output[:, 1], weights)
        areas = [_area(target == code, output[:, code], weights) for code in range(output.shape[1])]
        stacked = np.stack(areas)
        known = ~np.isnan(stacked)
        total = np.where(known, stacked, 0).sum(axis=0)
        count = known.sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _area(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The Mann-Whitney form of the area, for each weighting."""
    import numpy as np

    mass = weights.T  # one row a row, so that what follows copies and adds whole rows
    falling = np.flatnonzero(~positive)
    falling = falling[np.argsort(score[falling], kind="stable")]
    below = np.zeros((len(falling) + 1, mass.shape[1]))
    np.cumsum(mass[falling], axis=0, out=below[1:])
    wins = [np.searchsorted(score[falling], score[positive], side=side) for side in ("left", "right")]
    won = np.einsum("rw,rw->w", mass[positive], below[wins[0]] + below[wins[1]]) / 2
    pairs = mass[positive].sum(axis=0) * below[-1]
    return np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1), np.nan)


class Rmse(Metric):
    """Root of the mean squared error, in the target's units."""

    name, task, maximize = "rmse", "regression", False

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The roots."""
        import numpy as np

        return np.asarray(np.sqrt(_sums(weights, (output - target) ** 2) / weights.sum(axis=1)))


class Mae(RowMetric):
    """Mean absolute error, in the target's units."""

    name, task, maximize = "mae", "regression", False

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The absolute error."""
        import numpy as np

        return np.asarray(np.abs(output - target))


class Pinball(RowMetric):
    """Mean pinball loss of quantiles over their levels, in the target's units (Koenker and Bassett, 1978).

    Of the level 0.5 alone it is half the mean absolute error.

    Args:
        levels: The levels, in the order of the output's last axis, as in `Output.levels`.
    """

    name, task, maximize = "pinball", "quantile", False

    def __init__(self, levels: Sequence[float] = (0.5,)) -> None:
        self.levels = tuple(levels)

    @classmethod
    def of(cls, output: Output) -> Self:
        """The metric for the output's levels."""
        return cls(output.levels or (0.5,))

    def per_row(self, target: np.ndarray, output: np.ndarray) -> np.ndarray:
        """The loss, averaged over the levels."""
        import numpy as np

        if output.shape[1:] != (len(self.levels),):
            raise _misfit(self, f"{len(self.levels)} levels and output of shape {output.shape} do not fit")
        short, levels = target[:, None] - output, np.asarray(self.levels)
        return np.asarray(np.maximum(levels * short, (levels - 1) * short).mean(axis=1))


class R2(Metric):
    """The share of the target's variance that is explained: 1 is perfect, 0 is the mean, less is worse.

    Undefined where the target is constant.
    """

    name, task, maximize = "r2", "regression", True

    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """One minus residual over total sum of squares."""
        import numpy as np

        total = weights.sum(axis=1)
        mean = _sums(weights, target) / total
        spread = np.einsum("wr,wr->w", weights, (target[None] - mean[:, None]) ** 2)
        residual = _sums(weights, (output - target) ** 2)
        constant = spread <= 1e-24 * total * np.maximum(1.0, mean**2)
        return np.where(constant, np.nan, 1 - residual / np.where(constant, 1, spread))


STANDARD: tuple[type[Metric], ...] = (Accuracy, Auroc, LogLoss, Brier, Rmse, Mae, R2, Pinball)
"""What the core registers."""


def standard(task: str) -> tuple[str, ...]:
    """The names of the standard metrics of a task: classification, regression or quantile; else none."""
    return tuple(metric.name for metric in STANDARD if metric.task == task)


def compute(
    lookup: Lookup,
    names: Iterable[str],
    target: np.ndarray,
    output: np.ndarray,
    weight: np.ndarray | None = None,
    described: Output | None = None,
) -> dict[str, float]:
    """Several metrics by their registered names.

    Args:
        lookup: The registry, as in ``context.registry``.
        names: Registered names, such as ``standard(features.target.task)``.
        target: As in `Metric.__call__`.
        output: As in `Metric.__call__`.
        weight: As in `Metric.__call__`.
        described: The output's description, for metrics that need it.

    Returns:
        Name to finite value, in the order of `names`; a metric that is undefined for these rows is
        left out.

    Raises:
        HeadwayError: A name is not registered, or target and output do not fit the metric.
    """
    import math

    values: dict[str, float] = {}
    for name in names:
        cls: type[Metric] = lookup.get("metric", name)
        metric = cls() if described is None else cls.of(described)
        value = metric(target, output, weight)
        if not math.isnan(value):
            values[name] = value
    return values


def _checked(metric: Metric, target: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    target, output = np.asarray(target), np.asarray(output, dtype=np.float64)
    if metric.task == "regression":
        output = output[..., 0] if output.ndim == target.ndim + 1 and output.shape[-1] == 1 else output
    if metric.task in ("regression", "quantile"):
        target = target.astype(np.float64)
    if not _fit(metric.task, target.shape, output.shape):
        raise _misfit(metric, f"target of shape {target.shape} and output of shape {output.shape} do not fit")
    if not np.isfinite(output).all():
        raise _misfit(metric, f"{int((~np.isfinite(output)).sum())} output value(s) are not finite")
    if metric.task == "classification":
        return _checked_codes(metric, target, output.shape[1]), output
    if not np.isfinite(target).all():
        raise _misfit(metric, f"{int((~np.isfinite(target)).sum())} target value(s) are not finite")
    return target, output


def _fit(task: str, target: tuple[int, ...], output: tuple[int, ...]) -> bool:
    """Whether the shapes belong together; a forecast's target has its steps as a second axis."""
    axes = {"regression": 0, "classification": 1, "quantile": 1}.get(task, len(output) - len(target))
    known = len(target) == 1 or (len(target) == 2 and task != "classification")
    return known and 0 not in target and output[: len(target)] == target and len(output) == len(target) + max(axes, 0)


def _checked_codes(metric: Metric, target: np.ndarray, classes: int) -> np.ndarray:
    import numpy as np

    if target.dtype.kind not in "iub":
        raise _misfit(metric, f"the target is {target.dtype}, not integer class codes")
    codes = target.astype(np.int64)
    if codes.min() < 0 or codes.max() >= classes:
        raise _misfit(metric, f"class codes run from {codes.min()} to {codes.max()}, the output has {classes} classes")
    return codes


def _checked_weight(weight: np.ndarray, rows: int) -> np.ndarray:
    import numpy as np

    weights = np.asarray(weight, dtype=np.float64)
    if weights.shape != (rows,) or not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() <= 0:
        raise DataError(
            "weights must be one finite number a row, none negative and not all zero",
            hint="mend the column named by data.weight",
            code="metric-weight",
        )
    return weights


def _misfit(metric: Metric, what: str) -> DataError:
    return DataError(
        f"metric '{metric.name}' cannot be computed: {what}",
        hint=f"a {metric.task} metric takes a target of shape (rows,), for forecasts (rows, horizon), and finite "
        "outputs, one each",
        code="metric-input",
    )
