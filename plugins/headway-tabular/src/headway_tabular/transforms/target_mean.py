"""`target_mean`: categories as the mean of the target among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge
from headway import DataError

from headway_tabular.transforms.base import Block, Fit, Fitted, Kind, Transform


@dataclass(frozen=True)
class TargetMean(Transform):
    """Codes become the mean of the target among training rows of that code, drawn to the mean of all.

    One column a column, one a class if there are more than two, or one a label. Training rows get what the other folds
    say of them, so that no row sees its own target. The last code (unseen or missing) has the mean of all.

    Micci-Barreca 2001, *A preprocessing scheme for high-cardinality categorical attributes*; the same estimates as
    scikit-learn's TargetEncoder.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("code",)

    smooth: Annotated[float, Ge(0)] | Literal["auto"] = "auto"
    """How many rows the mean of all counts for; `auto`: the variance within a category over that of all (empirical
    Bayes)."""

    def fit(self, fit: Fit) -> Fitted:
        """One number a code, for each fold and for all rows; raises `DataError` if all rows are in one fold."""
        from headway_tabular.transforms.modules.codes import Lookup
        from headway_tabular.transforms.modules.target import Sums

        sums = Sums.of(fit)
        if sums.alone:
            raise DataError(
                "target_mean: all training rows are in one fold",
                hint="there are too few groups (data.group), or rows, to learn from those of others",
                code="one-fold",
            )
        smooth = None if self.smooth == "auto" else self.smooth
        without = tuple(Lookup(sums.means(smooth, leave_out=fold)) for fold in range(sums.folds))
        return Fitted(Block("number", _names(fit)), Lookup(sums.means(smooth)), without)


def _names(fit: Fit) -> tuple[str, ...]:
    several = fit.target.shape[1] if fit.target.ndim == 2 else fit.classes
    if several is None or fit.classes == 2:
        return tuple(f"{name}_mean" for name in fit.block.names)
    return tuple(f"{name}_mean_{index}" for name in fit.block.names for index in range(several))
