"""What libraries say of files that they cannot read → errors that a user can mend."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
from headway import DataError
from headway.errors import is_disk_full

UNREADABLE = (
    pl.exceptions.PolarsError, OSError, EOFError, zlib.error, zipfile.BadZipFile, lzma.LZMAError, RuntimeError,
)  # fmt: skip


@contextmanager
def readable(name: str, hint: str = "is it whole? copy it again") -> Iterator[None]:
    """Turns the errors of reading into a `DataError`; for whatever collects the frames of `scan`.

    Args:
        name: What the message calls the file.
        hint: How to mend it.
    """
    try:
        yield
    except UNREADABLE as error:
        if is_disk_full(error):  # the copy that is made of it has no room
            raise
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{name} cannot be read: {reason}", hint=hint, code="malformed") from error
