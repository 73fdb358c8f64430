"""What is costly to find out about an installation, kept in the user's cache folder until something is installed.

Paths are texts here: `pathlib` would cost more than the answers.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha1
from typing import Any

OLD = 90 * 86_400.0
"""Seconds after which a file that nobody wrote is removed."""


def cached(name: str, scope: str, stamp: str, compute: Callable[[], Any]) -> Any:
    """A value in JSON types, computed again when its stamp differs.

    Args:
        name: What it is, part of a file's name.
        scope: What it belongs to, such as a project's folder; values of different scopes lie side by side.
        stamp: A digest of everything the value depends on.
        compute: Gives the value.
    """
    file = _place(name, scope)
    with suppress(OSError, ValueError, KeyError, TypeError):
        with open(file, encoding="utf-8") as stream:
            known = json.load(stream)
        if known["stamp"] == stamp:
            return known["value"]
    value = compute()
    with suppress(OSError):
        _write(file, {"stamp": stamp, "value": value})
    return value


class Kept:
    """The newest values of one scope, under names of their own, in one file.

    Args:
        name: What they are, part of the file's name.
        scope: What they belong to.
        most: How many are kept.
    """

    def __init__(self, name: str, scope: str, most: int) -> None:
        self._file = _place(name, scope)
        self._most = most

    def read(self, name: str) -> Any:
        """The value of a name, or None."""
        return self._all().get(_digest(name))

    def write(self, name: str, value: Any) -> None:
        """Keeps a value as the newest; failing is no harm."""
        others = {known: each for known, each in self._all().items() if known != _digest(name)}
        newest = dict([*others.items()][1 - self._most :]) if self._most > 1 else {}
        with suppress(OSError):
            _write(self._file, newest | {_digest(name): value})

    def _all(self) -> dict[str, Any]:
        with suppress(OSError, ValueError), open(self._file, encoding="utf-8") as stream:
            found = json.load(stream)
            return found if isinstance(found, dict) else {}
        return {}


def stamp_of(lines: Iterator[str]) -> str:
    """A digest of what is installed, and of some lines more."""
    return _digest("\n".join([os.environ.get("HEADWAY_BLOCK", ""), *_installed(), *lines]))


def times(path: str) -> Iterator[str]:
    """A file and its time, or those of all files below a folder that plugins or configs are made of."""
    with suppress(OSError):
        if not os.path.isdir(path):
            yield f"{path} {os.stat(path).st_mtime_ns}"
            return
        with os.scandir(path) as items:
            for item in sorted(items, key=lambda item: item.name):
                if item.is_dir() and not item.name.startswith((".", "__")):
                    yield from times(item.path)
                elif item.name.endswith((".py", ".yaml")):
                    yield f"{item.path} {item.stat().st_mtime_ns}"


def _installed() -> Iterator[str]:
    """Names and times of the installed distributions."""
    for entry in sys.path:
        with suppress(OSError), os.scandir(entry or ".") as items:
            yield from sorted(
                f"{i.path} {i.stat().st_mtime_ns}" for i in items if i.name.endswith((".dist-info", ".egg-info"))
            )


def _place(name: str, scope: str) -> str:
    digest = _digest(f"{sys.prefix}\n{scope}")
    return os.path.join(_folder(), f"{name}-{digest[:16]}.json")


def _digest(text: str) -> str:
    return sha1(text.encode(), usedforsecurity=False).hexdigest()


def _folder() -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "headway")


def _write(file: str, content: dict[str, Any]) -> None:
    os.makedirs(os.path.dirname(file), exist_ok=True)
    _forget_old(os.path.dirname(file))
    beside = f"{file}.{os.getpid()}"
    with open(beside, "w", encoding="utf-8") as stream:
        json.dump(content, stream)
    os.replace(beside, file)


def _forget_old(folder: str) -> None:
    """Removes what was not written for long: projects come and go."""
    with suppress(OSError), os.scandir(folder) as items:
        for item in items:
            if time.time() - item.stat().st_mtime > OLD:
                os.unlink(item.path)
