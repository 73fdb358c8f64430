"""A text file, however packed and encoded → a plain UTF-8 file."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO, cast

import polars as pl
from headway import DataError
from headway.naming import nearest

from headway_tabular.sources.faults import readable
from headway_tabular.sources.files import File
from headway_tabular.sources.formats import compression_of
from headway_tabular.sources.landing import land, stamp_of
from headway_tabular.sources.options import ReadOptions

CHUNK = 1 << 22
PACKED = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile}
"""Suffix to what opens a file for reading bytes."""
LIKELY = ("utf-8", "utf-16", "cp1252", "latin-1")
BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def plain_text(file: File, options: ReadOptions, work: Path) -> Path:
    """The same text as a plain UTF-8 file: the file itself, or a copy in the work folder, made as a stream.

    Raises:
        DataError: It is empty, damaged, or not in the encoding.
    """
    path = file.path
    bare = path.name[: len(path.name) - len(compression_of(path.name))]
    encoding = _known(options.encoding)
    if compression_of(path.name):
        path = land(work, bare, (stamp_of(path), options.member), lambda out: _unpack(file, options, out))
    if encoding == "utf-8":
        for _ in _decoded(path, file.name, encoding):
            pass
    else:
        packed = path
        stamp = (stamp_of(file.path), options.member, encoding)
        path = land(work, f"{bare}.utf8", stamp, lambda out: _encode(packed, file.name, encoding, out))
    if not path.stat().st_size:
        raise DataError(f"{file.name} is empty", hint="a table has a header and rows", code="empty-file")
    return path


def _known(encoding: str) -> str:
    try:
        TextIOWrapper(BytesIO(), encoding)
    except LookupError as error:
        close = nearest(encoding, LIKELY)
        hint = f"did you mean {close}?" if close else f"such as {', '.join(LIKELY)}"
        raise DataError(f"data.read.encoding: unknown encoding '{encoding}'", hint=hint, code="encoding") from error
    name = codecs.lookup(encoding).name
    return "utf-8" if name in ("utf-8-sig", "ascii") else name


def _unpack(file: File, options: ReadOptions, out: Path) -> None:
    is_zst = file.path.suffix.lower() == ".zst"
    hint = {"hint": "is it whole, and UTF-8? other encodings must be unpacked first"} if is_zst else {}
    with readable(file.name, **hint):
        if is_zst:
            pl.scan_lines(file.path, glob=False).sink_csv(
                out, include_header=False, quote_style="never", check_extension=False
            )
            return
        with _opened(file, options) as stream, out.open("wb") as target:
            shutil.copyfileobj(stream, target, CHUNK)


@contextmanager
def _opened(file: File, options: ReadOptions) -> Iterator[IO[bytes]]:
    suffix = file.path.suffix.lower()
    if suffix in PACKED:
        with PACKED[suffix](file.path) as stream:
            yield cast("IO[bytes]", stream)
        return
    with zipfile.ZipFile(file.path) as archive, archive.open(_member(file, archive.namelist(), options)) as stream:
        yield stream


def _member(file: File, names: list[str], options: ReadOptions) -> str:
    members = [name for name in names if not name.endswith("/") and "__MACOSX" not in name]
    if options.member is not None and options.member not in members:
        close = nearest(options.member, members)
        hint = f"did you mean {close}?" if close else f"it holds {', '.join(members[:9])}"
        raise DataError(f"{file.name} holds no {options.member}", hint=hint, code="no-file")
    if options.member is None and len(members) != 1:
        shown = ", ".join(members[:9]) or "nothing"
        raise DataError(
            f"{file.name} holds {len(members)} files: {shown}", hint="say which: data.read.member", code="file-format"
        )
    return options.member or members[0]


def _encode(source: Path, name: str, encoding: str, out: Path) -> None:
    with out.open("wb") as target:
        for text in _decoded(source, name, encoding):
            target.write(text.encode())


def _decoded(path: Path, name: str, encoding: str) -> Iterator[str]:
    """The text in pieces; a byte that does not fit is an error with its line."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding, "ignore")
                raise _undecodable(path, name, encoding, error, lines + before.count("\n")) from error
            lines += text.count("\n")
            yield text
            if not chunk:
                return


def _undecodable(path: Path, name: str, encoding: str, error: UnicodeDecodeError, line: int) -> DataError:
    byte = error.object[error.start]
    fitting = next((other for other in LIKELY if other != encoding and _fits(path, other)), None)
    hint = "say data.read.encoding"
    if fitting is not None:
        hint = f"data.read.encoding={fitting} reads it"
        if not fitting.startswith("utf"):
            hint += f": {byte:#04x} is then {bytes([byte]).decode(fitting)!r}"
    return DataError(f"{name} is not {encoding}: byte {byte:#04x} in line {line}", hint=hint, code="encoding")


def _fits(path: Path, encoding: str) -> bool:
    with path.open("rb") as stream:
        if encoding == "utf-16" and stream.read(2) not in BOMS:
            return False
        stream.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while chunk := stream.read(CHUNK):
                decoder.decode(chunk)
        except UnicodeDecodeError:
            return False
    return True
