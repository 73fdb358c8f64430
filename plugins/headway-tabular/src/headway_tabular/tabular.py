"""The features stage `tabular`: columns → a numeric and a categorical array, by one graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge
from headway import Context, Stage
from headway.contracts import Dataset, Features, check_grammar
from headway.fields import Grammar


@dataclass(frozen=True)
class Tabular(Stage):
    """Imputation with missing flags, standardisation, vocabularies, derived columns.

    Fitted on the training split. Numbers are computed in float64 and cast to float32 once. A number that is
    missing, infinite or not a number is imputed, and flagged if the training rows had such values. Strings
    become codes: 0…n-1 for the known ones (a missing one has its own, if training rows had it), n for unseen.
    """

    derive: Mapping[str, Annotated[str, Grammar(check_grammar)]] = field(default_factory=dict)
    """New numeric columns: name to an expression over numeric columns and earlier derived ones, with
    + - * / // % comparisons, and, or, not; `odd names` in backticks; missing in, missing out."""
    drop: tuple[str, ...] = ()
    """Columns that are no features themselves (derived ones may still use them)."""
    impute: Literal["median", "mean"] = "median"
    """What replaces a missing number."""
    min_frequency: Annotated[int, Ge(1)] = 1
    """Strings seen less often in training count as unseen."""

    def run(self, context: Context, data: Dataset) -> Features:
        """Fits the transform, exports it, and runs the exported graph over every split."""
        from headway_tabular.fit import fit

        return fit(self, context, data)
