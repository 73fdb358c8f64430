"""Rows of a file as a stream that is read no further ahead than its rows are asked for.

The scans of polars read ahead of slower steps, by hundreds of megabytes in a long file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

SLICE = 131_072
"""Rows that are read at once: two row groups of our own files, and few reads of the long ones of others."""
BLOCK = 1 << 22
"""Bytes of text that are read at once."""

Batches = Callable[[list[str] | None], Iterator[pl.DataFrame]]
"""The rows in order, some at a time; of the columns that are named, or of all."""


def streamed(batches: Batches, schema: pl.Schema) -> pl.LazyFrame:
    """The rows as a lazy frame, which reads its batches one after the other.

    Args:
        batches: Reads the rows, anew at every call.
        schema: All columns and their types.
    """

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        counted = [] if columns is None or columns else schema.names()[:1]  # rows without a column are counted by one
        for batch in batches(counted or columns):
            given = (batch if rows is None else batch.head(rows)).drop(counted)
            yield given if predicate is None else given.filter(predicate)
            if rows is not None:
                rows -= given.height
                if not rows:
                    return

    return register_io_source(read, schema=schema, is_pure=True)


def in_slices(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The same rows as a stream; for a scan that reads no more than a slice of its file, as that of Parquet does."""
    return streamed(lambda columns: slices(frame, columns), frame.collect_schema())


def slices(frame: pl.LazyFrame, columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows of such a scan, `SLICE` at a time."""
    rows = frame.select(pl.len()).collect(engine="streaming").item()
    wanted = frame if columns is None else frame.select(columns)
    for start in range(0, rows, SLICE):
        yield wanted.slice(start, SLICE).collect(engine="in-memory")  # which costs less for so few rows


def blocks(path: Path, skip: int = 0, quote: str = "") -> Iterator[bytes]:
    """A text in blocks of whole lines that end outside of quotes.

    Args:
        path: The text.
        skip: Lines to leave out at its beginning.
        quote: The character between two of which a line may end, if there is one.
    """
    with path.open("rb") as stream:
        for _ in range(skip):
            stream.readline()
        while block := stream.read(BLOCK) + stream.readline():
            lines, is_open = [block], _opens(block, quote)
            while is_open and (line := stream.readline()):
                lines.append(line)
                is_open ^= _opens(line, quote)
            yield b"".join(lines)


def _opens(text: bytes, quote: str) -> bool:
    """Whether the number of quotes is odd."""
    return quote != "" and text.count(quote.encode()) % 2 == 1
