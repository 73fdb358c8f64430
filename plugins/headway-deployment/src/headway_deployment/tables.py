"""The tables that a predictor's recipe joins, from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
from headway.contracts import HISTORY, Predictor, Replay
from headway.errors import UsageError
from headway.naming import unknown

from headway_deployment.checking import require
from headway_deployment.reading import Source, open_source


def parse_tables(words: Sequence[str]) -> dict[str, Path]:
    """Words of the form NAME=FILE; raises `UsageError` for others, and for a name that is there twice."""
    tables: dict[str, Path] = {}
    for word in words:
        name, given, path = word.partition("=")
        if not (name and given and path):
            raise UsageError(f"--table {word}: not of the form NAME=FILE", hint="such as --table weather=weather.csv",
                             code="table")  # fmt: skip
        if name in tables:
            raise UsageError(f"--table {name} is given twice", hint="one file a table", code="table")
        tables[name] = Path(path)
    return tables


def open_tables(predictor: Predictor, rows: Source, tables: Mapping[str, Path]) -> Replay:
    """The part of the recipe that makes the predictor's columns, with its tables read and held.

    Args:
        predictor: What is to be scored.
        rows: The file with the rows, whose columns are looked at.
        tables: Name of a table to its file.

    Raises:
        UsageError: A table that is needed is not given, or one is given that the recipe does not know.
        DataError: A file cannot be read, lacks columns, or holds values of other types.
    """
    recipe, names = predictor.replayed, predictor.names
    for name in tables:
        known = (*predictor.recipe.reads(), *([HISTORY] if predictor.recipe.over_rows else []))
        if name not in known:
            raise UsageError(f"--table {name}: {unknown('table', name, known)}", code="unknown-table")
    needed = recipe.reads()
    recalled = recipe.recalls(names)
    if recipe.over_rows and (HISTORY in tables or not set(recalled) <= set(rows.schema)):
        needed[HISTORY] = tuple(dict.fromkeys((*recalled, *recipe.judges(names))))
    _require_given(needed, tables)
    more = {HISTORY: (*recipe.needs(names), *(column.name for column in recipe.columns))}
    return recipe.open({name: _read(tables[name], columns, more.get(name, ())) for name, columns in needed.items()})


def _require_given(needed: Mapping[str, Sequence[str]], tables: Mapping[str, Path]) -> None:
    missing = {name: columns for name, columns in needed.items() if name not in tables}
    if missing:
        told = "; ".join(f"{_name(name)} with the columns {', '.join(columns)}" for name, columns in missing.items())
        raise UsageError(
            f"the package joins {len(missing)} table(s) that are not given: {told}",
            hint="add " + " ".join(f"--table {name}=FILE" for name in missing),
            code="missing-table",
        )


def _name(table: str) -> str:
    return "'history', the rows before those to be scored," if table == HISTORY else f"'{table}'"


def _read(path: Path, columns: Sequence[str], more: Sequence[str]) -> pl.LazyFrame:
    """The columns of a file, and of others those that it has."""
    source = open_source(path)
    require(columns, list(source.schema), str(path))
    wanted = [name for name in source.schema if name in {*columns, *more}]
    batches = list(source.batches(wanted))
    empty = pl.DataFrame(schema={name: source.schema[name] for name in wanted})
    return pl.concat([empty, *batches], how="vertical_relaxed").lazy()
