"""The records of a delimited text, as training reads them: whether they have the fields that its header names."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from typing import IO, BinaryIO, cast

from headway.contracts.records import Form, is_regular
from headway.errors import DataError

LONGEST = 2**31 - 1
"""Characters of a field."""


def header_of(path: Path, separator: str) -> list[str]:
    """The names of the columns, as training takes them: without spaces around them, numbered where there is none.

    Raises:
        DataError: There is no header, or it names a column twice.
    """
    csv.field_size_limit(LONGEST)
    with _text(path) as lines:
        header = next((record for record in csv.reader(lines, delimiter=separator) if record), [])
    names = [name.strip() or f"column_{n}" for n, name in enumerate(header, 1)]
    if not names:
        raise DataError(f"{path} cannot be read: it is empty", hint="begin with the names of the columns", code="input")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{path} names a column twice: {', '.join(twice)}", hint="rename one", code="duplicate-column")
    return names


def is_plain(path: Path, separator: str, width: int) -> bool:
    """Whether every record is as RFC 4180 wants it, with that many fields."""
    with _bytes(path) as stream:
        return is_regular(stream, Form(separator), 0, width)


def records_of(path: Path, separator: str, width: int) -> Iterator[list[str]]:
    """The records below the header, as training reads those that are not plain: quotes may stand within fields.

    Raises:
        DataError: A record has more or fewer fields, or none, or a quote is not closed; its line is named.
    """
    with _text(path) as lines:
        records = csv.reader(lines, delimiter=separator, strict=True)
        try:
            below = dropwhile(lambda record: not record, records)  # blank lines before the header
            for number, record in enumerate(below):
                _check(path, records.line_num, record, width)
                if number:
                    yield record or [""]
        except csv.Error as error:
            raise DataError(
                f"{path} line {records.line_num} is malformed: {error}",
                hint="close quotes, and write a quote within quotes twice",
                code="malformed",
            ) from error


def _check(path: Path, line: int, record: list[str], width: int) -> None:
    if len(record) == width or (width == 1 and not record):
        return
    found = f"has {len(record)} field{'s' * (len(record) != 1)}" if record else "is blank"
    hint = "quote fields that hold a separator; is a line cut off?" if record else "leave blank lines out"
    raise DataError(f"{path} line {line} {found}, the header has {width}", hint=hint, code="ragged-rows")


def _bytes(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb"))


def _text(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
