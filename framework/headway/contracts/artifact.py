"""What every typed output of a stage can do: be saved to a folder and loaded from it."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from headway.contracts.adapters import adapter_of

T = TypeVar("T")


class Lookup(Protocol):
    """The part of the registry that loading needs: names to classes."""

    def get(self, kind: str, name: str) -> Any:
        """The class registered as `name` under `kind`; raises a `HeadwayError` if there is none."""


class Artifact(ABC):
    """The output of a stage.

    Saving is deterministic: equal artifacts give equal bytes, without clock, path, host or run id.
    The store decides where the folder lies and makes it appear atomically; an artifact only writes
    files of closed, inert formats (JSON, parquet, npy, safetensors, ONNX, HTML) into it.
    """

    type_name: ClassVar[str]
    """The name under which the class is registered (kind ``artifact``)."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Writes the artifact into an existing, empty folder."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Reads what `save` wrote; large arrays and tables may stay on disk, mapped or lazy."""


def write_json(path: Path, value: Any) -> None:
    """Writes `value` (JSON types and dataclasses) with sorted keys, the same bytes every time."""
    path.write_bytes(canonical_json(value) + b"\n")


def canonical_json(value: Any) -> bytes:
    """`value` (JSON types and dataclasses) as UTF-8 JSON with sorted keys; NaN and inf are refused."""
    import dataclasses

    def plain(item: Any) -> Any:
        if dataclasses.is_dataclass(item) and not isinstance(item, type):
            return {f.name: getattr(item, f.name) for f in dataclasses.fields(item)}
        if hasattr(item, "items"):
            return dict(item)
        raise TypeError(f"{type(item).__name__} is not JSON")

    text = json.dumps(value, default=plain, sort_keys=True, allow_nan=False, ensure_ascii=False)
    return text.encode()


def read_json(path: Path, as_type: type[T]) -> T:
    """Reads JSON and validates it as `as_type` (a dataclass or any annotated type)."""
    wanted: Any = as_type
    found: T = adapter_of(wanted).validate_json(path.read_bytes())
    return found


def digest_of(*parts: bytes) -> str:
    """SHA-256 over length-prefixed parts, in hexadecimal."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "little"))
        sha.update(part)
    return sha.hexdigest()
