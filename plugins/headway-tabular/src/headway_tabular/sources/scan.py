"""A path or URL → the rows it means, lazy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
from headway import DataError
from headway.fields import is_url

from headway_tabular.sources.columnar import scan_arrow, scan_parquet
from headway_tabular.sources.delimited import scan_delimited
from headway_tabular.sources.files import File, files_of
from headway_tabular.sources.jsonlines import scan_jsonlines
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.parts import Part, union
from headway_tabular.sources.remote import fetch

Opener = Callable[[list[File], ReadOptions, Path], list[Part]]
OPENERS: dict[str, Opener] = {
    "csv": lambda files, options, work: [scan_delimited(file, options, ",", work) for file in files],
    "tsv": lambda files, options, work: [scan_delimited(file, options, "\t", work) for file in files],
    "jsonl": scan_jsonlines,
    "parquet": lambda files, options, work: [scan_parquet(file) for file in files],
    "arrow": lambda files, options, work: [scan_arrow(file) for file in files],
}


def scan(path: str, options: ReadOptions, work: Path) -> pl.LazyFrame:
    """The rows of a source; only the columns that are asked for are read, and never all rows at once.

    Args:
        path: A file, a folder, a glob, or a URL that fsspec knows, of CSV, TSV, Parquet, JSON lines or Arrow files.
            Folders such as ``year=2013`` become columns. The columns of texts are texts: `typed` gives them types.
        options: How it is read.
        work: Where fetched, unpacked and re-encoded files are kept, for the next attempt too.

    Raises:
        DataError: There is no such source, or it cannot be read, or it has no rows.
    """
    local = str(fetch(path, work)) if is_url(path) else path
    format, files = files_of(local, options)
    parts = OPENERS[format](files, options, work)
    if all(part.is_empty for part in parts):
        raise DataError(f"{files[0].name} has a header but no rows", hint="a table has rows", code="empty-file")
    return union(parts)
