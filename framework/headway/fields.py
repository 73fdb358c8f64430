"""Markers for the fields of a stage: what its config may mean beyond its type.

They are `typing.Annotated` metadata, so a field keeps its plain type for people and type checkers::

    @dataclass(frozen=True)
    class Table(Stage):
        path: SourcePath
        token: Secret = ""
        progress: Annotated[bool, Uncached()] = True
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

PACKAGED = "pkg://"
"""How a path inside an installed package begins."""
URL = re.compile(r"[A-Za-z][A-Za-z0-9_+.-]+://")
"""Databases have underscores in front too: ``oracle+cx_oracle://``."""


@dataclass(frozen=True)
class Uncached:
    """The field is left out of the cache key: it changes how the work is done, or the stage's inputs say the same."""


@dataclass(frozen=True)
class SourceMarker:
    """The field is a path; its content, not its name, enters the cache key."""


@dataclass(frozen=True)
class SecretMarker:
    """The field is used but never written to a record, log, report, tracker or key."""


@dataclass(frozen=True)
class SeedMarker:
    """The field takes the run's ``seed`` unless the config says otherwise."""


@dataclass(frozen=True)
class Registered:
    """The field names something registered under `kind`; its source enters the cache key.

    Args:
        kind: The registry kind, such as ``metric`` or ``optimizer``.
        also: Names that mean something else, such as ``loss`` among metrics.
    """

    kind: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Uses:
    """Each value of the field chooses something registered under `kind`, with its fields.

    It is a name (``scale``) or one name with fields (``{clip: {low: 0}}``). The fields are those of the registered
    dataclass: they are checked with the config, and its source enters the cache key. The marker stands on the value
    itself, also inside lists and mappings::

        columns: Mapping[str, tuple[Annotated[str | Mapping[str, Any], Uses("transform")], ...]]

    A stage builds what was chosen by `headway.stage.build_used`.

    Args:
        kind: The registry kind, such as ``transform``.
    """

    kind: str


@dataclass(frozen=True)
class Grammar:
    """The field is a text in a language of its own.

    Args:
        check: Raises a `HeadwayError` that goes on where the key ends (``is no expression``); its ``where.column``
            (from 1) and ``where.width`` are the position in the text.
    """

    check: Callable[[str], None]


def is_url(text: str) -> bool:
    """Whether a source lies elsewhere, such as ``s3://bucket/rows.parquet``; what it holds is for its stage to tell."""
    return URL.match(text) is not None and not text.startswith(PACKAGED)


SourcePath = Annotated[str, SourceMarker()]
"""A file, folder or glob: relative to the project, absolute, or ``pkg://PACKAGE/path`` inside an installed
package (which is located, never imported). Also a URL, which is left as it is: the stage that reads it
tells by a `fingerprint()` whether it changed, and is never cached without."""

Secret = Annotated[str, SecretMarker()]
"""A string that must not be written anywhere."""

Seed = Annotated[int, SeedMarker()]
"""The seed of a stage that draws random numbers; ``${seed}`` in the config unless set."""
