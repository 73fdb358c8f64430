"""Configs: composed by Hydra's rules, checked against the stages, every value with its origin.

The names below are imported when they are first asked for: completion needs fields of stages, but no Hydra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway.config.checking import check
    from headway.config.composing import Memory, compose, draft, options
    from headway.config.drafts import Drafts
    from headway.config.grammar import expand
    from headway.config.model import Config, Experiment, Runner, StageConfig

_HOMES = {
    "checking": ("check",),
    "composing": ("Memory", "compose", "draft", "options"),
    "drafts": ("Drafts",),
    "grammar": ("expand",),
    "model": ("Config", "Experiment", "Memory", "Runner", "StageConfig"),
}

__all__ = [
    "Config",
    "Drafts",
    "Experiment",
    "Memory",
    "Runner",
    "StageConfig",
    "check",
    "compose",
    "draft",
    "expand",
    "options",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            globals()[name] = value = getattr(import_module(f"headway.config.{home}"), name)
            return value
    raise AttributeError(f"module 'headway.config' has no attribute '{name}'")
