"""A config as people and records may see it: secrets masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headway.config.tree import leaves
from headway.config.walking import marked
from headway.errors import HeadwayError
from headway.fields import SecretMarker

if TYPE_CHECKING:
    from headway.config.hints import Chosen
    from headway.config.origins import Key

MASK = "***"


def secrets_of(cls: type, values: Mapping[str, Any], at: Key, chosen: Chosen) -> dict[Key, str]:
    """The values of all secret fields that are set, by their paths; `at` is where `values` lies."""
    return {
        (*at, *path): str(value)
        for found, _, held in marked(cls, values, SecretMarker, chosen)
        for path, value in leaves(held, found)
        if value not in ("", None)
    }


def mask(value: Any, secrets: Iterable[str]) -> Any:
    """A copy of a value in whose texts every secret reads ``***``; so does a number that is one."""
    if isinstance(value, Mapping):
        return {key: mask(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item, secrets) for item in value]
    if isinstance(value, str):
        for secret in sorted(secrets, key=len, reverse=True):
            value = value.replace(secret, MASK)
    return value


def mask_words(words: Sequence[str], secrets: Mapping[Key, str]) -> tuple[str, ...]:
    """The command line with secrets masked, however they are quoted there."""
    return tuple(_mask_word(word, secrets) for word in words)


def _mask_word(word: str, secrets: Mapping[Key, str]) -> str:
    key = word.partition("=")[0]
    at = tuple(key.lstrip("+~").split("."))
    texts = (tuple(map(str, path)) for path in secrets)
    if any(at[: len(path)] == path or path[: len(at)] == at for path in texts):
        return f"{key}={MASK}"
    return str(mask(word, secrets.values()))


def mask_fault(fault: HeadwayError, secrets: Iterable[str]) -> HeadwayError:
    """A fault that quotes no secret."""
    where = fault.where and replace(fault.where, text=mask(fault.where.text, secrets))
    what, hint, note = (mask(text, secrets) for text in (fault.what, fault.hint, fault.note))
    return HeadwayError(what, where=where, hint=hint, code=fault.code, note=note)
