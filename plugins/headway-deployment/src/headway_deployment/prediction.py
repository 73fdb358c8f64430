"""Scores a file: read, checked, scored and written batch by batch, in order."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from headway.contracts import (
    Column,
    Lookup,
    Output,
    Outside,
    Predictor,
    Replay,
    Scorer,
    cast_columns,
    conform,
    misread,
    output_columns,
    tabulate,
)
from headway.errors import DataError, UsageError
from polars.io.plugins import register_io_source

from headway_deployment.checking import Faults, require
from headway_deployment.reading import Source, open_source
from headway_deployment.tables import open_tables

WRITABLE = (".csv", ".jsonl", ".parquet")
LABEL = "label"


@dataclass(frozen=True)
class Done:
    """What was scored: how many rows, in how many seconds."""

    rows: int
    seconds: float


def predict(
    predictor: Predictor,
    lookup: Lookup,
    source: Path,
    target: Path,
    keep: Sequence[str] | None = (),
    tables: Mapping[str, Path] | None = None,
) -> Done:
    """Scores every row of a file into another.

    The output has the columns kept, those of every output (``probability[CLASS]`` …) and, for
    probabilities, ``label``, the most probable class. It appears under its name when it is complete;
    whatever was there stays until then, and after a failure.

    The recipe is replayed batch by batch, the tables that it joins being held; all rows are held if some of its
    columns sum up other rows.

    Args:
        predictor: What scores.
        lookup: The registry.
        source: Rows in the form of the data's source.
        target: Where the scores go.
        keep: Columns of the source to carry over; None for all.
        tables: The tables that the recipe joins, by their names, and earlier rows as ``history``.

    Raises:
        DataError: The source or a table cannot be read, lacks columns, or holds values of other types or
            that rules of the data do not allow: all of them are named, with counts and first rows.
        UsageError: The target is the source, or cannot be written; or a table is missing.
    """
    _check_target(source, target)
    start = time.perf_counter()
    rows = open_source(source)
    require(predictor.source, list(rows.schema), str(source))
    replay = open_tables(predictor, rows, tables or {})
    kept = tuple(rows.schema) if keep is None else tuple(keep)
    require(kept, list(rows.schema), str(source))
    scoring = Scoring(predictor, predictor.open(lookup), replay, rows, kept)
    schema = scoring.schema
    _write(register_io_source(scoring.stream, schema=schema), target)
    return Done(scoring.rows, time.perf_counter() - start)


@dataclass
class Scoring:
    """One pass over a file.

    Attributes:
        predictor: What scores.
        scorer: The same, open.
        replay: The part of its recipe that makes its columns, with the tables.
        source: Where rows come from.
        keep: Columns carried over.
        rows: How many rows were read so far.
        before: The last of them, as many as the longest history needs.
        faults: What could not be read as its type so far.
        outside: What breaks a rule of the data so far.
    """

    predictor: Predictor
    scorer: Scorer
    replay: Replay
    source: Source
    keep: tuple[str, ...]
    rows: int = 0
    before: pl.DataFrame | None = None
    faults: Faults = field(default_factory=Faults)
    outside: Outside = field(init=False)

    def __post_init__(self) -> None:
        self.outside = Outside(self.replay.recipe.steps)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The columns that are written; raises `DataError` if one kept has the name of a score."""
        scores = self._scores()
        clash = [name for name in self.keep if name in scores]
        if clash:
            raise DataError(
                f"the scores have a column of that name too: {', '.join(clash)}",
                hint="rename it in the input, or do not keep it",
                code="kept-columns",
            )
        return {name: self.source.schema[name] for name in self.keep} | scores

    def _scores(self) -> dict[str, pl.DataType]:
        scores: dict[str, pl.DataType] = {}
        for output in self.predictor.outputs:
            dtype = _class_type(output) if output.kind == "label" else pl.Float32()
            scores |= dict.fromkeys(output_columns(output), dtype)
        labelled = labelled_by(self.predictor.outputs)
        return scores | ({} if labelled is None else {LABEL: _class_type(labelled)})

    def stream(
        self, with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        """The scored batches, as polars asks a source for them; it asks for all columns and rows."""
        replayed = self._together() if self.replay.recipe.over_rows else self._one_by_one()
        for batch, frame in replayed:
            yield self._scored(batch, cast_columns(frame.lazy(), self.predictor.columns).collect())
        self.faults.refuse()
        self.outside.refuse()

    def _one_by_one(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Batches as they were read, and as the predictor needs them; only read on after a fault."""
        for batch, typed in self._typed():
            if not self.faults and not self.outside:
                yield batch, self.replay.make(typed.lazy()).collect()

    def _together(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """The same, where the rows of a batch depend on those of others."""
        read = list(self._typed())
        if self.faults or self.outside or not read:
            return
        frame = self.replay.make(pl.concat([typed for _, typed in read], how="vertical_relaxed").lazy()).collect()
        done = 0
        for batch, _ in read:
            yield batch, frame.slice(done, len(batch))
            done += len(batch)

    def _typed(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Batches, and what of them the recipe takes in the types that training saw; faults are counted."""
        recipe, names = self.replay.recipe, self.predictor.names
        wanted = {*self.predictor.source, *recipe.recalls(names), *recipe.judges(names)}
        inputs = [name for name in self.source.schema if name in wanted]
        for batch in self.source.batches(list(dict.fromkeys([*inputs, *self.keep]))):
            texts = self.replay.read(batch.select(inputs).lazy()).collect()
            self.faults.add(misread(texts.lazy(), self._columns), self.rows)
            typed = cast_columns(texts.lazy(), self._columns).collect()
            self.outside.add(typed.lazy(), self.rows)
            self.rows += len(batch)
            yield batch, typed

    @property
    def _columns(self) -> tuple[Column, ...]:
        """The source's columns as training saw them, as far as that is known."""
        recipe = self.replay.recipe
        made = {name for step in recipe.steps for name in step.gives() if name not in step.takes()}
        known = made.union(column.name for column in recipe.columns)
        return (*recipe.columns, *(column for column in self.predictor.columns if column.name not in known))

    def _scored(self, batch: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
        arrays = self.scorer(frame, self.before)
        self.before = self._past(frame)
        scores = tabulate(self.predictor.outputs, arrays)
        labelled = labelled_by(self.predictor.outputs)
        if labelled is not None and labelled.classes is not None:
            classes = pl.Series(labelled.classes, dtype=_class_type(labelled))
            scores = scores.with_columns(classes.gather(arrays[labelled.name].argmax(axis=1)).alias(LABEL))
        return pl.DataFrame([*self._kept(batch), *scores]).cast(dict(self.schema))  # type: ignore[arg-type]

    def _past(self, frame: pl.DataFrame) -> pl.DataFrame | None:
        """What the next batch needs of all rows so far; nothing is kept for predictors without a history."""
        history, columns = self.predictor.history, self.predictor.columns
        if not history:
            return None
        last = conform(frame.tail(history), columns)
        return last if self.before is None else pl.concat([self.before, last]).tail(history)

    def _kept(self, batch: pl.DataFrame) -> pl.DataFrame:
        wanted = {name: self.source.schema[name] for name in self.keep}
        try:
            return batch.select(self.keep).cast(wanted)  # type: ignore[arg-type]
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"a kept column changes its type after the first rows: {str(error).splitlines()[0]}",
                hint="do not keep it, or write its values alike",
                code="kept-columns",
            ) from error


def labelled_by(outputs: Sequence[Output]) -> Output | None:
    """The output whose most probable class becomes the label: the first of probabilities, if no label is given."""
    if any(LABEL in output_columns(output) for output in outputs):
        return None
    return next((o for o in outputs if o.kind == "probability" and o.classes and o.horizon is None), None)


def _class_type(output: Output) -> pl.DataType:
    kinds = {type(item) for item in output.classes or ("",)}
    types: dict[Any, pl.DataType] = {bool: pl.Boolean(), int: pl.Int64()}
    return types.get(next(iter(kinds)), pl.String()) if len(kinds) == 1 else pl.String()


def _check_target(source: Path, target: Path) -> None:
    if target.suffix.lower() not in WRITABLE:
        raise UsageError(f"{target} has a format that is not written", hint=f"one of: {', '.join(WRITABLE)}",
                         code="output-format")  # fmt: skip
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{target} is the input", hint="write to another file", code="output-is-input")
    if target.is_dir() or not target.parent.is_dir():
        what = "is a folder" if target.is_dir() else f"cannot be written: there is no folder {target.parent}"
        raise UsageError(f"{target} {what}", hint="name a file in an existing folder", code="output")


def _write(frame: pl.LazyFrame, target: Path) -> None:
    """Streams into a file beside the target, which takes its name at the end."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        _sink(frame, partial, target.suffix.lower())
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.replace(target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror or error}", code="output") from error
    finally:
        partial.unlink(missing_ok=True)


def _sink(frame: pl.LazyFrame, path: Path, suffix: str) -> None:
    if suffix == ".parquet":
        frame.sink_parquet(path)
    elif suffix == ".csv":
        frame.sink_csv(path)
    else:
        frame.sink_ndjson(path)
