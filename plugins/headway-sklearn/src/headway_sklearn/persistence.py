"""Baselines for targets in time: what was before is what comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import MinLen
from headway.contracts import Features
from headway.stage import Context, Stage

from headway_sklearn.models import CarriedModel


@dataclass(frozen=True)
class Previous(Stage):
    """The previous value of the target is the answer: persistence, or no change.

    The past is a column of each row, made by `data.windows`: ``before: {take: last, of: TARGET}``. Numbers must reach
    the model as they are, so that the answer is in the target's unit: ``features.columns: {before: [impute]}``, which
    also says what stands for a value that is missing. Classes must reach it as codes. The answer then is the class
    before, with the share of training rows that kept theirs as its probability, and at least .501, so that it is
    always the most probable one; the others share the rest as often as training rows have them. A code of no class,
    such as a missing one, gets the shares of all classes. Weights of rows are honoured.
    """

    column: Annotated[str, MinLen(1)] | None = None
    """The feature that holds the target's value before; by default the only column that `data.windows` makes of the
    target's last value."""

    def run(self, context: Context, features: Features) -> CarriedModel:
        """Finds the column; records metrics of the validation split, if there is one.

        Raises:
            DataError: There is no such column, it is scaled or encoded, or its values are no classes.
        """
        return carry(context, features, self.column)


@dataclass(frozen=True)
class SeasonalNaive(Stage):
    """The value of the target a season ago is the answer.

    As `Previous`, with a window that ends a season ago: of hourly rows
    ``day_ago: {take: last, of: TARGET, delay: 23h59m, over: 1m}`` has the value 24 hours before, or none if there is
    no such row.
    """

    column: Annotated[str, MinLen(1)] | None = None
    """The feature that holds the target's value a season ago; by default as for `Previous`."""

    def run(self, context: Context, features: Features) -> CarriedModel:
        """As `Previous.run`."""
        return carry(context, features, self.column)


def carry(context: Context, features: Features, column: str | None) -> CarriedModel:
    """The model of a column, with its metrics."""
    from headway_sklearn import carrying, fit

    return fit.finish(context, features, carrying.fit(features, column, context.registry))
