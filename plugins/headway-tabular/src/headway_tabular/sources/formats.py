"""What the name of a file says: its format, and how it is compressed."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from headway import DataError

if TYPE_CHECKING:
    from headway_tabular.sources.options import ReadOptions

FORMATS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
}  # fmt: skip
COMPRESSIONS = (".gz", ".zip", ".zst", ".bz2", ".xz")
TEXTS = ("csv", "tsv", "jsonl")


def compression_of(name: str) -> str:
    """How a file is compressed: ``.gz``, ``.zip`` and the like, or nothing."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in COMPRESSIONS else ""


def known_format(name: str, options: ReadOptions) -> str | None:
    """The format of a file, or None if neither the options nor its name tell."""
    if options.format != "auto":
        return options.format
    bare = name[: len(name) - len(compression_of(name))]
    named = FORMATS.get(PurePath(bare).suffix.lower())
    if named is None and options.member is not None:
        return FORMATS.get(PurePath(options.member).suffix.lower())
    return named


def format_of(name: str, options: ReadOptions) -> str:
    """The format of a file.

    Raises:
        DataError: Neither the options nor its name tell, or it is a compressed file of a format that compresses itself.
    """
    found = known_format(name, options)
    if found is None:
        json = PurePath(name).suffix.lower() == ".json"
        hint = (
            "write one JSON object a line (.jsonl)"
            if json
            else "say data.read.format: csv, tsv, parquet, jsonl or arrow"
        )
        raise DataError(f"{name} is of no known format", hint=hint, code="file-format")
    if compression_of(name) and found not in TEXTS:
        raise DataError(
            f"{name} is a compressed {found} file", hint="unpack it; it compresses itself", code="file-format"
        )
    return found
