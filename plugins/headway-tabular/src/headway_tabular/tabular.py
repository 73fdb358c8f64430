"""The features stage `tabular`: columns → a numeric and a categorical array, by one graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge
from headway import Context, DataError, Stage
from headway.contracts import Dataset, Features, check_grammar
from headway.errors import Place
from headway.fields import Grammar, Uses


@dataclass(frozen=True)
class Tabular(Stage):
    """Each column through its own transforms: imputation, scaling, vocabularies, encodings.

    Fitted on the training split, a split at a time in batches: no split is held in memory whole. Numbers are computed
    in float64 and cast to float32 once, at the end. Strings become codes: 0…n-1 for the known ones (a missing one has
    its own, if training rows had it), n for unseen. What a transform learns of the target reaches training rows
    without their own fold (one of 5, by row id, or by group where the data have one).

    A selector is a column's name, a pattern (``px*``) or ``kind:NAME``.
    """

    derive: Mapping[str, Annotated[str, Grammar(check_grammar)]] = field(default_factory=dict)
    """New numeric columns: name to an expression over numeric columns and earlier derived ones, with
    + - * / // % comparisons, and, or, not; `odd names` in backticks; missing in, missing out."""
    cross: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """New categorical columns: name to two or more columns of strings, whose combinations become its values."""
    drop: tuple[str, ...] = ()
    """Selectors of columns that are no features themselves (derived and crossed ones may still use them)."""
    only: tuple[str, ...] = ()
    """Selectors of the only columns that are features, beside derived and crossed ones; all by default."""
    columns: Mapping[str, tuple[Annotated[str | Mapping[str, Any], Uses("transform")], ...]] = field(
        default_factory=dict
    )
    """Selector to transforms, in their order. The most specific selector wins: name, then pattern, then kind; of
    equals the later. By default numbers (derived ones too) are imputed and scaled, categories get a vocabulary, and
    timestamps and texts are left out."""
    fit_rows: Annotated[int, Ge(1)] = 1_000_000
    """Statistics are learnt from at most so many training rows, chosen by row id; vocabularies from all."""
    balance: Literal["none", "weights", "under", "over"] = "none"
    """How training rows of rare classes are made to count: by weights, or by under- or over-sampling."""
    seed: int = 0
    """Seed of under- and over-sampling; a run's own seed does not move the rows."""

    def __post_init__(self) -> None:
        """Raises `DataError` for crosses that no data could make."""
        for name, parts in self.cross.items():
            if len(set(parts)) < 2 or len(set(parts)) < len(parts):
                raise _no_cross(name, "a cross is of two or more different columns", f"{name}: [COLUMN, COLUMN]")
            if name in self.derive:
                raise _no_cross(name, "features.derive has a column of that name", "choose another")

    def run(self, context: Context, data: Dataset) -> Features:
        """Fits the transforms, exports them, and runs the exported graph over every split."""
        from headway_tabular.features.fit import fit

        return fit(self, context, data)


def _no_cross(name: str, what: str, hint: str) -> DataError:
    return DataError(f"features.cross.{name}: {what}", where=Place(f"cross.{name}"), hint=hint, code="cross")
