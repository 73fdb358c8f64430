"""Parquet and Arrow files → lazy frames."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from headway import DataError

from headway_tabular.sources.faults import readable
from headway_tabular.sources.files import File
from headway_tabular.sources.parts import Part
from headway_tabular.sources.streams import in_slices


def scan_parquet(file: File) -> Part:
    """The rows of a Parquet file."""
    _check_size(file)
    with readable(file.name):
        return _parquet_part(file)


def _parquet_part(file: File) -> Part:
    part = _part(file, pl.scan_parquet(file.path, glob=False, hive_partitioning=False))
    return replace(part, frame=in_slices(part.frame))


def scan_arrow(file: File) -> Part:
    """The rows of an Arrow IPC (Feather version 2) file."""
    _check_size(file)
    with file.path.open("rb") as stream:
        is_stream = stream.read(4) == b"\xff\xff\xff\xff"
    hint = "it is an Arrow stream: write the file format" if is_stream else "is it whole? copy it again"
    with readable(file.name, hint):
        frame = pl.scan_ipc(file.path, glob=False, hive_partitioning=False)
        return _part(file, frame)


def _part(file: File, frame: pl.LazyFrame) -> Part:
    schema = frame.collect_schema()
    if not schema:
        raise DataError(f"{file.name} has no columns", hint="a table has columns and rows", code="empty-file")
    return Part(file, frame, schema, frame.select(pl.len()).collect().item() == 0)


def _check_size(file: File) -> None:
    if not file.path.stat().st_size:
        raise DataError(f"{file.name} is empty", hint="a table has columns and rows", code="empty-file")
