"""What a metric is, and what it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from headway.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from headway.contracts.model import Output


class Metric(ABC):
    """One number about an output, given the target.

    Attributes:
        name: The registered name.
        task: ``classification``, ``regression``, ``quantile`` or ``multilabel``, or a plugin's own.
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
                For forecasts (rows, horizon): each step then counts like a row, with the weight of its row. For
                labels (rows, labels), each 0 or 1.
            output: Probabilities of shape (rows, classes) or (rows, labels), values of shape (rows,) or (rows, 1),
                or quantiles of shape (rows, levels); for forecasts with the horizon after the rows.
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
        if target.ndim == 2 and self.task != "multilabel":
            steps = target.shape[1]
            target, output = target.reshape(-1), output.reshape(-1, *output.shape[2:])
            weights = np.repeat(weights, steps)
        return float(self.weighted(target, output, weights[None])[0])

    @abstractmethod
    def weighted(self, target: np.ndarray, output: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The metric under many weightings of the same rows, as resampling needs it.

        Args:
            target: Shape (rows,), of labels (rows, labels); checked.
            output: Float64, shape (rows, classes), (rows, labels), (rows, levels) or, for regression, (rows,); checked.
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

        return np.asarray(sums(weights, self.per_row(target, output)) / weights.sum(axis=1))


def sums(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """``weights @ rows`` without BLAS, whose last bits depend on its threads."""
    import numpy as np

    return np.asarray(np.einsum("wr,r->w", weights, rows))


def _checked(metric: Metric, target: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    target, output = np.asarray(target), np.asarray(output, dtype=np.float64)
    if metric.task == "regression":
        output = output[..., 0] if output.ndim == target.ndim + 1 and output.shape[-1] == 1 else output
    if metric.task in ("regression", "quantile"):
        target = target.astype(np.float64)
    if not _fit(metric.task, target.shape, output.shape):
        raise misfit(metric, f"target of shape {target.shape} and output of shape {output.shape} do not fit")
    if not np.isfinite(output).all():
        raise misfit(metric, f"{int((~np.isfinite(output)).sum())} output value(s) are not finite")
    if metric.task == "classification":
        return _checked_codes(metric, target, output.shape[1]), output
    if not np.isfinite(target).all():
        raise misfit(metric, f"{int((~np.isfinite(target)).sum())} target value(s) are not finite")
    if metric.task == "multilabel" and not np.isin(target, (0, 1)).all():
        raise misfit(metric, "a label is neither 0 nor 1")
    return target, output


def _fit(task: str, target: tuple[int, ...], output: tuple[int, ...]) -> bool:
    """Whether the shapes belong together; a forecast's target has its steps as a second axis, labels are one."""
    if task == "multilabel":
        return len(target) == 2 and 0 not in target and output == target
    axes = {"regression": 0, "classification": 1, "quantile": 1}.get(task, len(output) - len(target))
    known = len(target) == 1 or (len(target) == 2 and task != "classification")
    return known and 0 not in target and output[: len(target)] == target and len(output) == len(target) + max(axes, 0)


def _checked_codes(metric: Metric, target: np.ndarray, classes: int) -> np.ndarray:
    import numpy as np

    if target.dtype.kind not in "iub":
        raise misfit(metric, f"the target is {target.dtype}, not integer class codes")
    codes = target.astype(np.int64)
    if codes.min() < 0 or codes.max() >= classes:
        raise misfit(metric, f"class codes run from {codes.min()} to {codes.max()}, the output has {classes} classes")
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


def mean_of_known(values: Sequence[np.ndarray]) -> np.ndarray:
    """Place by place the mean of those that are not NaN; NaN where all are."""
    import numpy as np

    stacked = np.stack(values)
    known = ~np.isnan(stacked)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, stacked, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def misfit(metric: Metric, what: str) -> DataError:
    """The error for a target and an output that a metric cannot take."""
    shape = "(rows, labels) of 0 and 1" if metric.task == "multilabel" else "(rows,), for forecasts (rows, horizon),"
    return DataError(
        f"metric '{metric.name}' cannot be computed: {what}",
        hint=f"a {metric.task} metric takes a target of shape {shape} and finite outputs, one each",
        code="metric-input",
    )
