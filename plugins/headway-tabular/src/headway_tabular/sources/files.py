"""A path → the files it means: one, those of a folder, or those of a glob."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from headway import DataError
from headway.naming import nearest

from headway_tabular.sources.formats import format_of, known_format
from headway_tabular.sources.options import ReadOptions

WILD = re.compile(r"[*?\[]")
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class File:
    """One file of a source.

    Attributes:
        path: Where it lies.
        name: What messages call it: relative to the folder that was asked for.
        partition: Column to text, from folders such as ``year=2013``; None is a missing value.
    """

    path: Path
    name: str
    partition: Mapping[str, str | None] = field(default_factory=dict)


def files_of(path: str, options: ReadOptions) -> tuple[str, list[File]]:
    """The format of a source and its files, in the order of their names.

    Args:
        path: A file, a folder (every file of a known format below it) or a glob; hidden files and those that begin
            with ``_`` are passed over.
        options: How it is read.

    Raises:
        DataError: There is no such file, or the files are of several formats or of none.
    """
    base, found = _found(Path(path))
    if base != Path(path).parent or len(found) > 1:
        found = [file for file in found if known_format(file.name, options)] or found
    if not found:
        raise DataError(f"{Path(path).name} is an empty folder", hint="put the table's files there", code="no-file")
    formats = {format_of(file.name, options): file for file in reversed(found)}
    if len(formats) > 1:
        named = ", ".join(f"{format} ({file.name})" for format, file in sorted(formats.items()))
        raise DataError(
            f"{Path(path).name} holds several formats: {named}", hint="name one by a glob", code="file-format"
        )
    files = [_file(file, base) for file in found]
    _check_partitions(files)
    return next(iter(formats)), files


def _found(path: Path) -> tuple[Path, list[Path]]:
    """The folder that names are relative to, and the files."""
    if path.is_file():
        return path.parent, [path]
    if path.is_dir():
        return path, _below(path)
    wild = next((n for n, part in enumerate(path.parts) if WILD.search(part) and not _is_there(path, n)), None)
    if wild is None:
        raise _nothing(path)
    base = Path(*path.parts[:wild])
    matched = sorted(base.glob(str(Path(*path.parts[wild:])))) if base.is_dir() else []
    found = [file for each in matched for file in (_below(each) if each.is_dir() else [each])]
    if not found:
        raise _nothing(path)
    return base, list(dict.fromkeys(found))


def _is_there(path: Path, last: int) -> bool:
    """Whether the path up to that part names a folder as it stands, such as ``copy[1]``."""
    return Path(*path.parts[: last + 1]).is_dir()


def _below(folder: Path) -> list[Path]:
    def shown(file: Path) -> bool:
        return not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)

    return sorted(file for file in folder.rglob("*") if file.is_file() and shown(file))


def _nothing(path: Path) -> DataError:
    folder = path.parent
    close = nearest(path.name, [entry.name for entry in folder.iterdir()]) if folder.is_dir() else None
    hint = f"did you mean {close}?" if close else f"looked in {folder}"
    return DataError(f"there is no file {path.name}", hint=hint, code="no-file")


def _file(path: Path, base: Path) -> File:
    relative = path.relative_to(base)
    pairs = [part.split("=", 1) for part in relative.parts[:-1] if "=" in part]
    return File(path, relative.as_posix(), {name: _value(unquote(text)) for name, text in pairs})


def _value(text: str) -> str | None:
    return None if text == NO_VALUE else text


def _check_partitions(files: Iterable[File]) -> None:
    first, *others = files
    for file in others:
        odd = sorted(file.partition.keys() ^ first.partition.keys())
        if odd:
            raise DataError(
                f"the folders of {first.name} and {file.name} do not both say {odd[0]}=…",
                hint="partition all files by the same columns",
                code="schema-clash",
            )
