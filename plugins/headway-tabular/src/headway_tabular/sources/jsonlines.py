"""JSON lines → lazy frames."""

from __future__ import annotations

import glob
import json
import shutil
from codecs import BOM_UTF8
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
from headway import DataError

from headway_tabular.sources.files import File
from headway_tabular.sources.landing import land, stamp_of
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.parts import Part, widest
from headway_tabular.sources.text import plain_text

BLOCK = 1 << 23
"""Bytes whose types are inferred at once."""


def scan_jsonlines(files: Sequence[File], options: ReadOptions, work: Path) -> list[Part]:
    """The rows of files with one JSON object a line; a key that an object lacks is missing there.

    The types hold every value of every file: whole numbers beside others are numbers, mixed values are texts.

    Raises:
        DataError: A file is empty, in another encoding, or a line is no JSON object.
    """
    paths = [_unmarked(plain_text(file, options, work), work) for file in files]
    schema: dict[str, pl.DataType] = {}
    for file, path in zip(files, paths, strict=True):
        _widen(schema, file, path)
    # A path of JSON lines is a pattern to polars, and nothing turns that off.
    return [
        Part(file, pl.scan_ndjson(glob.escape(str(path)), schema=schema), pl.Schema(schema))
        for file, path in zip(files, paths, strict=True)
    ]


def _unmarked(path: Path, work: Path) -> Path:
    """The text without a byte order mark, which JSON has not."""
    with path.open("rb") as stream:
        if stream.read(len(BOM_UTF8)) != BOM_UTF8:
            return path

        def write(out: Path) -> None:
            with out.open("wb") as target:
                shutil.copyfileobj(stream, target)

        return land(work, path.name, ("unmarked", stamp_of(path)), write)


def _widen(schema: dict[str, pl.DataType], file: File, path: Path) -> None:
    line = 1
    with path.open("rb") as stream:
        while block := stream.read(BLOCK) + stream.readline():
            if block.strip():
                for name, dtype in _inferred(block, file, line).items():
                    schema[name] = widest((schema.get(name, pl.Null()), dtype))
            line += block.count(b"\n")
    if not schema:
        raise DataError(f"{file.name} is empty", hint="write one JSON object a line", code="empty-file")


def _inferred(block: bytes, file: File, line: int) -> pl.Schema:
    try:
        return pl.read_ndjson(BytesIO(block), infer_schema_length=None).schema
    except pl.exceptions.PolarsError as error:
        _explain(block, file, line, error)


def _explain(block: bytes, file: File, first: int, cause: Exception) -> NoReturn:
    for number, line in enumerate(block.split(b"\n"), first):
        if line.strip():
            _check_line(line, file, number)
    reason = str(cause).splitlines()[0]
    raise DataError(
        f"{file.name} cannot be read near line {first}: {reason}",
        hint="give a key the same kind of value",
        code="malformed",
    ) from cause


def _check_line(line: bytes, file: File, number: int) -> None:
    try:
        value = json.loads(line, parse_constant=_no_number)
    except ValueError as error:
        reason = str(error).partition(": line")[0]
        raise DataError(
            f"{file.name} line {number} is no JSON: {reason}", hint="write one JSON object a line", code="malformed"
        ) from error
    if not isinstance(value, dict):
        raise DataError(
            f"{file.name} line {number} is no JSON object but {_shown(value)}",
            hint="write one JSON object a line",
            code="malformed",
        )


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON, write null")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "…"
