"""The data stage `table`: a file of rows → a dataset with a schema and splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headway import Context, SourcePath, Stage
from headway.contracts import Category, Dataset

from headway_tabular.split import Split


@dataclass(frozen=True)
class Table(Stage):
    """Rows of a CSV, TSV or parquet file (CSV also as .gz, or alone in a .zip)."""

    path: SourcePath
    """The file: relative to the project, absolute, or pkg://PACKAGE/path in an installed package."""
    target: str
    """The column to predict."""
    positive: Category | None = None
    """Of two classes, the one that counts as positive; the last in sorted order by default."""
    null_values: tuple[str, ...] = ()
    """Texts that mean a missing value, beside the empty one."""
    drop: tuple[str, ...] = ()
    """Columns to leave out."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Column to kind (numeric, integer, boolean, categorical, text, timestamp, identifier), where the
    inferred one is wrong."""
    drop_missing_target: bool = False
    """Leave out rows whose target is missing, instead of refusing them."""
    time: str | None = None
    """The column that orders the rows in time."""
    group: str | None = None
    """The column whose values belong together."""
    weight: str | None = None
    """The column of sample weights."""
    sensitive: tuple[str, ...] = ()
    """Columns by which fairness is judged."""
    split: Split = field(default_factory=Split)
    """How rows are divided."""
    seed: int = 0
    """Seed of the split; a run's own seed does not move the rows."""

    def run(self, context: Context) -> Dataset:
        """Reads, types and divides the rows."""
        from headway_tabular.build import build_dataset

        return build_dataset(self, context)
