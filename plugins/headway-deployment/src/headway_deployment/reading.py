"""Reads tables of any size in batches: CSV, TSV, JSONL and parquet."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import polars as pl
from headway.contracts import CHUNK
from headway.errors import DataError

from headway_deployment.records import header_of, is_plain, records_of

BATCH = 4 * CHUNK
"""Rows held at a time."""

READABLE = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl", ".jsonl.gz", ".parquet")


def open_source(path: Path) -> Source:
    """Opens a file by its suffix; what is read here is which columns it has, and whether a text's records are whole.

    Raises:
        DataError: There is no such file, its format is unknown, or it cannot be read.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder", hint="name one file of rows", code="no-input")
    if not path.is_file():
        raise DataError(f"there is no file {path}", hint=_hint(path), code="no-input")
    kind = _suffix(path)
    with reading(path):
        if kind == ".parquet":
            return Scan.of(path, pl.scan_parquet(path, glob=False))
        return JsonLines.open(path) if kind.startswith(".jsonl") else _open_text(path, kind)


def _suffix(path: Path) -> str:
    kind = next((suffix for suffix in READABLE if path.name.lower().endswith(suffix)), None)
    if kind is None:
        raise DataError(
            f"{path} has a format that is not read", hint=f"one of: {', '.join(READABLE)}", code="input-format"
        )
    return kind


def _hint(path: Path) -> str | None:
    from headway.naming import nearest

    names = [item.name for item in path.parent.iterdir() if item.is_file()] if path.parent.is_dir() else []
    close = nearest(path.name, names)
    return f"did you mean {path.parent / close}?" if close else None


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns the errors of libraries into one that names the file."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError, EOFError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} cannot be read: {first}", hint="is it complete, and UTF-8?", code="input") from error


@dataclass(frozen=True)
class Scan:
    """A file that polars streams. Columns of CSV are strings as they stand in the file.

    Attributes:
        path: The file.
        frame: Its lazy rows.
        schema: Its columns.
    """

    path: Path
    frame: pl.LazyFrame
    schema: dict[str, pl.DataType]

    @classmethod
    def of(cls, path: Path, frame: pl.LazyFrame) -> Scan:
        """The rows of a file, and the columns that they have."""
        return cls(path, frame, dict(frame.collect_schema()))

    def batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Streams the chosen columns."""
        with reading(self.path):
            yield from self.frame.select(columns).collect_batches(chunk_size=BATCH, maintain_order=True)


def _open_text(path: Path, kind: str) -> Scan | Records:
    """Reads the header; raises `DataError` if records have other fields than it names."""
    separator = "\t" if kind.startswith(".tsv") else ","
    names = header_of(path, separator)
    if not is_plain(path, separator, len(names)):
        return Records.open(path, separator, names)
    frame = pl.scan_csv(path, infer_schema=False, separator=separator, glob=False)
    return Scan.of(path, frame.rename(dict(zip(frame.collect_schema(), names, strict=True))))


@dataclass(frozen=True)
class Records:
    """A delimited text whose records only Python reads as training does, such as one with a quote within a field.

    Attributes:
        path: The file.
        separator: What stands between two fields.
        schema: Its columns, all strings.
    """

    path: Path
    separator: str
    schema: dict[str, pl.DataType]

    @classmethod
    def open(cls, path: Path, separator: str, names: Sequence[str]) -> Records:
        """Looks at every record."""
        for _ in records_of(path, separator, len(names)):
            pass
        return cls(path, separator, {name: pl.String() for name in names})

    def batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Reads the records again; an empty field is missing."""
        names = list(self.schema)
        places = {name: names.index(name) for name in columns}
        with reading(self.path):
            records = records_of(self.path, self.separator, len(names))
            while rows := list(islice(records, BATCH)):
                fields = {name: [row[at] or None for row in rows] for name, at in places.items()}
                yield pl.DataFrame(fields, schema=dict.fromkeys(columns, pl.String()))


@dataclass(frozen=True)
class JsonLines:
    """A file with one JSON object a line; the first batch that has values of a column decides its type.

    Attributes:
        path: The file.
        schema: Its columns.
    """

    path: Path
    schema: dict[str, pl.DataType]

    @classmethod
    def open(cls, path: Path) -> JsonLines:
        """Looks at every line, for a column may begin at any."""
        schema: dict[str, pl.DataType] = {}
        for rows in _objects(path):
            for name in dict.fromkeys(chain.from_iterable(item for _, item in rows)):
                if schema.get(name, pl.Null) == pl.Null:
                    schema[name] = _dtype([item.get(name) for _, item in rows])
        return cls(path, {name: pl.String() if dtype == pl.Null else dtype for name, dtype in schema.items()})

    def batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Parses the lines again; a key that a line lacks is missing."""
        with reading(self.path):
            for rows in _objects(self.path):
                yield pl.DataFrame([self._series(name, rows) for name in columns])

    def _series(self, name: str, rows: list[tuple[int, dict[str, Any]]]) -> pl.Series:
        values = [item.get(name) for _, item in rows]
        try:
            return pl.Series(name, values, dtype=self.schema[name], strict=True)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            return _texts(values).alias(name)


def _dtype(values: list[Any]) -> pl.DataType:
    """The type of a column, strings where values are mixed or nested; that of none where all are missing."""
    try:
        return pl.Series([_flat(value) for value in values], strict=True).dtype
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        kinds = {type(value) for value in values if value is not None}
        return pl.Float64() if kinds == {int, float} else pl.String()


def _texts(values: list[Any]) -> pl.Series:
    """Mixed values as texts, written by the reader that training has: ``1.0`` is 1, as a category too."""
    lines = "".join(json.dumps({"value": _finite(value)}) + "\n" for value in values)
    return pl.read_ndjson(BytesIO(lines.encode()), schema={"value": pl.String})["value"]


def _finite(value: Any) -> Any:
    """What JSON can say: Python reads NaN, which is missing, and infinities too."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _objects(path: Path) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Batches of (line number, object); blank lines are left out."""
    with _text(path) as lines:
        numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        while batch := [(number, _object(path, number, line)) for number, line in islice(numbered, BATCH)]:
            yield batch


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except ValueError as error:
        raise DataError(f"{path}:{number}: not JSON: {error}", hint="one JSON object a line", code="input") from error
    if not isinstance(item, dict):
        raise DataError(f"{path}:{number}: not a JSON object", hint='such as {"age": 39}', code="input")
    return item


def _text(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


Source = Scan | Records | JsonLines
"""A file of rows: its `schema`, and `batches` of at most `BATCH` rows in the order of the file."""
