"""CSV and TSV → lazy frames of texts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

import polars as pl
from headway import DataError
from headway.contracts.records import Form, is_regular

from headway_tabular.sources.files import File
from headway_tabular.sources.landing import land, stamp_of
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.parts import Part
from headway_tabular.sources.streams import blocks, streamed
from headway_tabular.sources.text import plain_text

LONGEST = 2**31 - 1
"""Characters of a field; Python's own limit of 131,072 is below what texts hold."""


def scan_delimited(file: File, options: ReadOptions, separator: str, work: Path) -> Part:
    """The rows of a delimited text, every column a text; an empty field is a missing value.

    The text itself is scanned where every record is as RFC 4180 wants it. Where it is not (blank lines, comments,
    quotes within fields, line ends of old Macs) a copy that is, made as a stream, takes its place.

    Raises:
        DataError: The text is empty, in another encoding, names a column twice, or a row has more or fewer fields.
    """
    form = _form(options, separator)
    path = plain_text(file, options, work)
    head = _head(path, file, options, form)
    lines, width = head.lines, len(head.names)
    if options.comment or lines is None or not _is_regular(path, form, lines, width):
        source, given = path, form
        stamp = (stamp_of(file.path), options)
        path = land(work, f"{path.name}.rows", stamp, lambda out: _rewrite(source, file, options, given, width, out))
        form, lines = Form(), int(options.header)
    schema, text = pl.Schema(dict.fromkeys(head.names, pl.String)), (path, lines, form.quote)

    def batches(columns: list[str] | None) -> Iterator[pl.DataFrame]:
        for block in blocks(*text):
            yield _parsed(block, form, schema, columns)

    frame = streamed(batches, schema)
    present = pl.all()
    frame = frame.select(pl.when(present != "").then(present))
    return Part(file, frame, schema, head.is_empty)


def _parsed(block: bytes, form: Form, schema: pl.Schema, columns: list[str] | None) -> pl.DataFrame:
    frame = pl.scan_csv(
        block,
        has_header=False,
        separator=form.separator,
        quote_char=form.quote or None,
        schema=schema,
        infer_schema=False,
    )
    return (frame if columns is None else frame.select(columns)).collect(engine="streaming")


def _is_regular(path: Path, form: Form, skip: int, width: int) -> bool:
    with path.open("rb") as stream:
        return is_regular(stream, form, skip, width)


def _form(options: ReadOptions, default: str) -> Form:
    separator = default if options.separator is None else options.separator
    if separator == options.quote or (options.comment and options.comment[0] in (separator, options.quote)):
        raise DataError(
            "data.read gives one character two meanings", hint="see separator, quote and comment", code="read-options"
        )
    return Form(separator, options.quote)


@dataclass
class _Lines:
    """The lines of a text, without those that are skipped and comments.

    Attributes:
        number: How many lines of the text were read.
        first: The number of the first line since this was set to 0.
        are_old: Whether one of them ended as on old Macs, which no reader but Python's knows.
    """

    stream: TextIO
    options: ReadOptions
    number: int = 0
    first: int = 0
    are_old: bool = False
    _is_open: bool = False

    def __iter__(self) -> Iterator[str]:
        comment, quote = self.options.comment, self.options.quote
        for line in self.stream:
            self.number += 1
            self.are_old = self.are_old or line.endswith("\r")
            if self.number <= self.options.skip or (comment and not self._is_open and line.startswith(comment)):
                continue
            self.first = self.first or self.number
            if quote and line.count(quote) % 2:
                self._is_open = not self._is_open
            yield line


def _records(lines: _Lines, file: File, form: Form) -> Iterator[tuple[int, list[str]]]:
    """Every record with the number of its first line; a blank line is an empty record."""
    csv.field_size_limit(LONGEST)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=form.separator, quotechar=form.quote or None, quoting=quoting, strict=True)
    while True:
        lines.first = 0
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{file.name} line {lines.first} is malformed: {error}",
                hint="if quotes mean nothing in it: data.read.quote=''",
                code="malformed",
            ) from error
        yield lines.first, record


@dataclass(frozen=True)
class _Head:
    """What the beginning of a text tells.

    Attributes:
        names: The columns.
        lines: How many lines come before the first row; None where lines end as only Python knows.
        is_empty: Whether there is no row.
    """

    names: list[str]
    lines: int | None
    is_empty: bool


def _head(path: Path, file: File, options: ReadOptions, form: Form) -> _Head:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = _Lines(stream, options)
        records = _records(lines, file, form)
        start, first = next(((start, record) for start, record in records if record), (0, []))
        if not first:
            raise DataError(f"{file.name} is empty", hint="a table has a header and rows", code="empty-file")
        before = lines.number if options.header else start - 1
        is_empty = options.header and next((True for _, row in records if row or len(first) == 1), None) is None
    if any("\0" in name for name in first):
        raise DataError(f"{file.name} holds zero bytes", hint="is it data.read.encoding=utf-16-le?", code="encoding")
    names = [name.strip() if options.header else "" for name in first]
    names = _renamed([name or f"column_{n}" for n, name in enumerate(names, 1)], file, options)
    return _Head(names, None if lines.are_old else before, is_empty)


def _renamed(names: list[str], file: File, options: ReadOptions) -> list[str]:
    if options.names and len(options.names) != len(names):
        raise DataError(
            f"data.read.names has {len(options.names)} names, but {file.name} has {len(names)} columns",
            hint="name every column",
            code="read-options",
        )
    names = list(options.names) or names
    twice = next((name for n, name in enumerate(names) if name in names[:n]), None)
    if twice is not None:
        at = ", ".join(str(n) for n, name in enumerate(names, 1) if name == twice)
        raise DataError(
            f"{file.name} names a column twice: {twice} (columns {at})",
            hint="rename one, or give all names in data.read.names",
            code="duplicate-column",
        )
    return names


def _rewrite(source: Path, file: File, options: ReadOptions, form: Form, width: int, out: Path) -> None:
    """The same records as RFC 4180 wants them."""
    with source.open(encoding="utf-8-sig", newline="") as stream, out.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        lines = _Lines(stream, options)
        for start, record in _records(lines, file, form):
            if not record and width > 1:
                continue
            if len(record or [""]) != width:
                raise _ragged(file, form, start, len(record), width)
            writer.writerow(record or [""])


def _ragged(file: File, form: Form, line: int, found: int, width: int) -> DataError:
    more = found > width
    hint = f"quote fields that hold {form.separator!r}, or set data.read.separator" if more else "is the line cut off?"
    return DataError(
        f"{file.name} line {line} has {found} field{'s' * (found != 1)}, the header has {width}",
        hint=hint,
        code="ragged-rows",
    )
