"""Hydra's override grammar: one word of the command line, and the grids that words ask for."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException

from headway.config import overrides as told
from headway.errors import ConfigError, HeadwayError, UsageError


def path_of(override: Override) -> tuple[str, ...]:
    """The path that it sets."""
    return tuple(override.key_or_group.split("."))


def text_of(override: Override) -> str:
    """The word as it was typed."""
    return str(override.input_line)


def names_of(override: Override) -> list[Any]:
    """The options that a choice names."""
    value = override.value()
    return value if isinstance(value, list) else [value]


def is_named(override: Override) -> bool:
    """Whether a choice names options, or takes a choice back."""
    if override.is_delete():
        return override.value() is None or isinstance(override.value(), str)
    names = names_of(override)
    named = bool(override.key_or_group and names) and all(isinstance(n, str) and n for n in names)
    return named and not override.is_force_add()


def parse(text: str) -> Override | HeadwayError:
    """One override of one value, or what is wrong with it."""
    override = _parsed(text)
    if isinstance(override, Override) and override.is_sweep_override():
        return told.several_values(text)
    return override


def _parsed(text: str) -> Override | HeadwayError:
    if fault := told.hydraism(text):
        return fault
    try:
        override = _read(text)
    except HydraException as error:
        return told.bad_override(text, str(error).splitlines()[0], _is_readable)
    if not all(override.key_or_group.split(".")):
        return told.bad_override(text, "it names no key", _is_readable)
    return override


def _is_readable(text: str) -> bool:
    try:
        _read(text)
    except HydraException:
        return False
    return True


@lru_cache(256)
def _read(text: str) -> Override:
    """One override; whoever asks for its value gets one of his own."""
    return _parser().parse_override(text)


@cache
def _parser() -> OverridesParser:
    return OverridesParser.create()


def expand(overrides: Sequence[str]) -> list[list[str]]:
    """The grid that comma-separated values, ``choice()`` and ``range()`` ask for; the last varies fastest.

    Raises:
        ConfigError: Overrides are malformed.
        UsageError: An override asks for an interval or a pattern, which are no list of values.
    """
    parsed = [_parsed(text) for text in overrides]
    faults = [override for override in parsed if isinstance(override, HeadwayError)]
    if faults:
        raise ConfigError(faults)
    axes = [_values(override) for override in parsed if isinstance(override, Override)]
    return [list(words) for words in itertools.product(*axes)]


def _values(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [text_of(override)]
    if override.value_type in (ValueType.INTERVAL_SWEEP, ValueType.GLOB_CHOICE_SWEEP):
        what = f"{text_of(override)}: this is no list of values"
        raise UsageError(what, hint="write them out, or use choice(…) or range(…)", code="grid")
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]
