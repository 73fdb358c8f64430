"""The data stages: rows of files or of a query → a dataset with a schema and splits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from headway import Context, DataError, Secret, SourcePath, Stage, Uncached
from headway.contracts import Category, Dataset, check_grammar
from headway.errors import Place
from headway.fields import Grammar

from headway_tabular.data.joining import JoinConfig, WindowConfig, check_path
from headway_tabular.quality.checks import Check, Level
from headway_tabular.quality.rules import Rule
from headway_tabular.sources.options import Kind, ReadOptions
from headway_tabular.splits.split import Split

if TYPE_CHECKING:
    import polars as pl
    from headway.errors import HeadwayError


@dataclass(frozen=True, kw_only=True)
class Rows(Stage, ABC):
    """What all data stages for tables do with their rows, wherever these come from.

    In this order: texts that mean missing, types, rules, derived columns, joins, windows, columns left out, target,
    split, checks. All but the last three are kept as the dataset's recipe and replayed on rows to be scored.
    """

    target: str | tuple[str, ...]
    """The column to predict; it may be a derived one. Several columns of yes and no are labels, of which a row may have
    any number."""
    positive: Category | None = None
    """Of two classes, the one that counts as positive; the last in sorted order by default."""
    null_values: tuple[str, ...] = ()
    """Texts that mean a missing value, beside the empty one; numbers among them do so as numbers too."""
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    """Column to kind, where the inferred one is wrong."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """Column to what its values must be, and what happens to those that are not."""
    derive: Mapping[str, Annotated[str, Grammar(check_grammar)]] = field(default_factory=dict)
    """New columns that targets, joins and windows need: name to an expression, such as dep_delay > 15."""
    join: Mapping[str, JoinConfig] = field(default_factory=dict)
    """Further tables, by name."""
    windows: Mapping[str, WindowConfig] = field(default_factory=dict)
    """New columns from earlier rows or records: name to what is taken of them."""
    drop: tuple[str, ...] = ()
    """Columns to leave out at the end; until then expressions, joins and windows may use them."""
    drop_missing_target: bool = False
    """Leave out rows whose target is missing, instead of refusing them."""
    time: str | None = None
    """The column that orders the rows in time: the moment of prediction."""
    available_at: Mapping[str, str] = field(default_factory=dict)
    """Column to when its value is known: after (the moment of prediction; it is then no input), or the name of a
    timestamp column."""
    group: str | None = None
    """The column whose values belong together."""
    weight: str | None = None
    """The column of sample weights."""
    sensitive: tuple[str, ...] = ()
    """Columns by which fairness is judged."""
    split: Split = field(default_factory=Split)
    """How rows are divided."""
    checks: Mapping[Check, Level] = field(default_factory=dict)
    """Leakage check to its level: ignore, note, warning or error."""
    seed: int = 0
    """Seed of the split; a run's own seed does not move the rows."""

    def __post_init__(self) -> None:
        """Raises `DataError` if the split needs a column that nothing names, or labels are not several."""
        if not isinstance(self.target, str) and len(set(self.target)) < max(len(self.target), 2):
            what = f"target lists {', '.join(self.target) or 'no column'}; labels are two or more different columns"
            hint = f"for one column write target: {self.target[0]}" if len(self.target) == 1 else None
            raise DataError(what, where=Place("target"), hint=hint, code="labels")
        needed = {"time": self.time, "group": self.group}
        if self.split.by in needed and needed[self.split.by] is None:
            raise DataError(
                f"split.by is {self.split.by}, which needs a column",
                where=Place("split.by"),
                hint=f"name it: data.{self.split.by}=…",
                code="split-column",
            )

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict."""
        return (self.target,) if isinstance(self.target, str) else tuple(self.target)

    @abstractmethod
    def source(self, work: Path) -> pl.LazyFrame:
        """The rows as they are stored, texts untyped; `work` is a folder for what has to be fetched or unpacked."""

    @property
    @abstractmethod
    def called(self) -> str:
        """What errors call the source."""

    @abstractmethod
    def version(self) -> str | None:
        """What tells a version of the source from others; None if nothing does."""

    @property
    def reading(self) -> ReadOptions:
        """How texts are read as numbers and dates."""
        return ReadOptions()

    def fingerprint(self) -> str:
        """What tells whether the source or a further table may be another one; empty if nothing does."""
        from headway_tabular.sources.fingerprints import path_fingerprint

        told = [self.version(), *(path_fingerprint(join.path) for join in self.join.values())]
        return "" if None in told else " ".join(map(str, told))

    def preflight(self) -> list[HeadwayError]:
        """Libraries that addresses of further tables need and that are not installed."""
        from headway_tabular.sources.needs import missing

        return [lack for join in self.join.values() for lack in missing(join.path)]

    def run(self, context: Context) -> Dataset:
        """Reads, types, checks and divides the rows; raises `DataError` for whatever does not fit."""
        from headway_tabular.data.build import build_dataset

        return build_dataset(self, context)


@dataclass(frozen=True, kw_only=True)
class Table(Rows):
    """Rows of files: CSV, TSV, JSON lines, parquet or Arrow, one or many, here or in an object store."""

    path: SourcePath
    """A file, a folder, a pattern such as data/2013-*.parquet, or an address such as s3://bucket/rows.parquet:
    relative to the project, absolute, or pkg://PACKAGE/path in an installed package."""
    read: ReadOptions = field(default_factory=ReadOptions)
    """How the files are read."""

    def __post_init__(self) -> None:
        """Raises `DataError` if no file is named, or as any rows do."""
        super().__post_init__()
        check_path(self.path)

    @property
    def called(self) -> str:
        """The file's name."""
        return Path(self.path).name

    @property
    def reading(self) -> ReadOptions:
        """As `read` says."""
        return self.read

    def source(self, work: Path) -> pl.LazyFrame:
        """Scans the files."""
        from headway_tabular.sources.scan import scan

        return scan(self.path, self.read, work)

    def version(self) -> str | None:
        """What an address's server says of it; files are hashed by the core."""
        from headway_tabular.sources.fingerprints import path_fingerprint

        return path_fingerprint(self.path)

    def preflight(self) -> list[HeadwayError]:
        """Libraries that addresses need and that are not installed."""
        from headway_tabular.sources.needs import missing

        return [*missing(self.path), *super().preflight()]


@dataclass(frozen=True, kw_only=True)
class Query(Rows):
    """Rows of an SQL query: by DuckDB over files or a DuckDB database, or by any database that SQLAlchemy reaches."""

    sql: str
    """The query; one SELECT."""
    database: Secret = ""
    """A .duckdb file or an SQLAlchemy URL, such as postgresql://…; DuckDB in memory by default."""
    folder: Annotated[SourcePath, Uncached()] = "."
    """Where relative names of files start from; the project by default."""

    @property
    def called(self) -> str:
        """The beginning of the query."""
        return f"the query '{' '.join(self.sql.split())[:40]}'"

    def source(self, work: Path) -> pl.LazyFrame:
        """Runs the query into a file of `work` and scans it."""
        from headway_tabular.sources.query import query

        return query(self.sql, self.database, Path(self.folder), work)

    def version(self) -> str | None:
        """A digest of the files that are asked; None, so that nothing is cached, for most databases."""
        from headway_tabular.sources.fingerprints import query_fingerprint

        return query_fingerprint(self.sql, self.database, Path(self.folder))

    def preflight(self) -> list[HeadwayError]:
        """Libraries that the database and addresses need and that are not installed."""
        from headway_tabular.sources.needs import missing

        return [*missing(database=self.database), *super().preflight()]
