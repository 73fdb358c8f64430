"""A config as people and records may see it: secrets masked, defaults filled in, as YAML."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headway.config.registered import find_markers
from headway.fields import SecretMarker

if TYPE_CHECKING:
    from headway.config.model import Experiment
    from headway.config.origins import Key

MASK = "***"


def secrets_of(root: Mapping[str, Any], stages: Mapping[str, type]) -> set[str]:
    """The values of all secret fields that are set."""
    return {str(value) for name, cls in stages.items() for value in _secrets(cls, root[name])}


def _secrets(cls: type, values: Mapping[str, Any]) -> typing.Iterator[Any]:
    hints = typing.get_type_hints(cls, include_extras=True)
    for field in dataclasses.fields(cls):
        if any(find_markers(hints[field.name], SecretMarker)) and values.get(field.name):
            yield values[field.name]


def mask(value: Any, secrets: set[str]) -> Any:
    """A copy of a value in whose texts every secret reads ``***``."""
    if isinstance(value, Mapping):
        return {key: mask(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item, secrets) for item in value]
    if isinstance(value, str):
        for secret in sorted(secrets, key=len, reverse=True):
            value = value.replace(secret, MASK)
    return value


def render(experiment: Experiment, *, origins: bool = False) -> str:
    """The resolved config as YAML.

    Args:
        experiment: A checked config.
        origins: Whether to say behind each value where it came from.
    """
    lines = _yaml(experiment.public).splitlines() if not origins else _lines(experiment, experiment.public, (), 0)
    return "\n".join(lines) + "\n"


def _yaml(value: Any) -> str:
    import yaml

    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100))


def _lines(experiment: Experiment, node: Mapping[str, Any], at: Key, depth: int) -> list[str]:
    lines = []
    for key, value in node.items():
        head = f"{'  ' * depth}{_inline(key)}:"
        if isinstance(value, Mapping) and value:
            lines += [head, *_lines(experiment, value, (*at, key), depth + 1)]
        else:
            place = experiment.config.written((*at, key)) or "default"
            lines.append(f"{head} {_inline(value)}  # {place}")
    return lines


def _inline(value: Any) -> str:
    import yaml

    return (
        str(yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1_000_000))
        .removesuffix("...\n")
        .strip()
    )
