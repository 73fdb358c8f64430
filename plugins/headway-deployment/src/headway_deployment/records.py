"""Whether the records of a delimited text have the fields that its header names, as when a table is trained on."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path
from typing import IO, BinaryIO, cast

from headway.contracts.records import Form, is_regular
from headway.errors import DataError

LONGEST = 2**31 - 1
"""Characters of a field."""


def check_records(path: Path, separator: str, names: list[str]) -> None:
    """Raises `DataError` if the header names a column twice, or a record has other fields; its line is named."""
    csv.field_size_limit(LONGEST)
    with _text(path) as lines:
        header = next((record for record in csv.reader(lines, delimiter=separator) if record), [])
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError(f"{path} names a column twice: {', '.join(twice)}", hint="rename one", code="duplicate-column")
    with _bytes(path) as stream:
        if is_regular(stream, Form(separator), 0, len(names)):
            return
    with _text(path) as lines:
        _find_ragged(path, csv.reader(lines, delimiter=separator), len(names))


def _find_ragged(path: Path, records: "csv._reader", width: int) -> None:  # noqa: UP037 - no name at run time
    is_first = True
    for record in records:
        if is_first and not record:
            continue  # blank lines before the header
        is_first = False
        if len(record) != width and (record or width > 1):
            found = f"has {len(record)} field{'s' * (len(record) != 1)}" if record else "is blank"
            raise DataError(
                f"{path} line {records.line_num} {found}, the header has {width}",
                hint="leave blank lines out"
                if not record
                else "quote fields that hold a separator; is a line cut off?",
                code="ragged-rows",
            )


def _bytes(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb"))


def _text(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
