"""Loads plugins: installed distributions and the modules of a project."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import sys
import warnings
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from headway.errors import HeadwayError, PluginError
from headway.naming import nearest
from headway.plugins import builtin, hookspecs
from headway.plugins.installed import GROUP, installed
from headway.plugins.registry import Registry

PREFIX = "headway_"
CORE = re.compile(r"headway *((?:[(<>=!~]|$)[^;]*)(;.*)?", re.IGNORECASE)
"""A requirement of the core itself, not of another distribution such as headway-onnx."""
PLAIN = re.compile(r" *(>=|<) *(\d+(?:\.\d+)*) *")
"""A bound as plugins write it, such as those of ``>=0.1,<0.2``."""
INLINE = "_headway_project"
"""Package name under which a project's ``plugins/*.py`` are imported."""


@dataclass(frozen=True)
class PluginInfo:
    """One plugin that was found.

    Attributes:
        name: Its entry-point name, or the file's stem for a project's own.
        distribution: The distribution it comes from, or ``project``.
        version: The distribution's version; empty for a project's own.
        module: The module's name.
        error: Why it could not be loaded, or None.
        names: What it registered, as ``kind/name``.
    """

    name: str
    distribution: str
    version: str
    module: str
    error: HeadwayError | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plugins:
    """The plugins of one session.

    Attributes:
        registry: What they registered, read-only.
        infos: One entry a plugin found, broken ones included.
        modules: Plugin name to its module, for those that loaded.
    """

    registry: Registry
    infos: tuple[PluginInfo, ...]
    modules: dict[str, ModuleType]
    _manager: pluggy.PluginManager = field(repr=False)

    def emit(self, event: str, **arguments: Any) -> None:
        """Tells every plugin of an event; a plugin that fails is a warning, not a failure of the run."""
        hook = getattr(self._manager.hook, event)
        for implementation in reversed(hook.get_hookimpls()):
            given = {name: arguments[name] for name in implementation.argnames}
            try:
                implementation.function(**given)
            except Exception as error:  # noqa: BLE001 - a tracker's failure must not stop a run
                warnings.warn(f"plugin {implementation.plugin_name}: {event} failed: {error!r}", stacklevel=2)

    @property
    def broken(self) -> dict[str, HeadwayError]:
        """Plugin name to the reason it is not available."""
        return {info.name: info.error for info in self.infos if info.error is not None}


class _Manager(pluggy.PluginManager):
    """A pluggy manager that takes every ``headway_*`` function of a module as a hook, as pytest does."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        found = getattr(plugin, name, None)
        if name.startswith(PREFIX) and inspect.isfunction(found) and _defined_in(plugin, found):
            return {"wrapper": False, "hookwrapper": False, "optionalhook": False, "tryfirst": False,
                    "trylast": False, "specname": None}  # fmt: skip
        return None


def _defined_in(plugin: object, function: Any) -> bool:
    return not inspect.ismodule(plugin) or function.__module__ == plugin.__name__


def load(project: Path | None = None, blocked: Collection[str] = ()) -> Plugins:
    """Loads and verifies all plugins for one session; nothing global is changed.

    A plugin that fails is kept as a `PluginInfo` with its error, and what it registered is dropped.

    Args:
        project: The project's folder; its ``plugins/*.py`` (but not ``_*.py``) are plugins too.
        blocked: Names of plugins to leave out.
    """
    manager = _Manager(GROUP)
    manager.add_hookspecs(hookspecs)
    registry = Registry()
    builtin.headway_register(registry.scoped("headway"))
    infos: list[PluginInfo] = []
    modules: dict[str, ModuleType] = {}
    for candidate in [*_installed(), *_inline(project)]:
        if candidate.name in blocked:
            continue
        info, module = _register(manager, registry, candidate)
        infos.append(info)
        if module is not None:
            modules[info.name] = module
    registry.seal()
    return Plugins(registry, tuple(infos), modules, manager)


def blocked() -> list[str]:
    """The plugins that HEADWAY_BLOCK, names with commas between them, says to leave out."""
    return [name for name in os.environ.get("HEADWAY_BLOCK", "").split(",") if name]


@dataclass(frozen=True)
class _Candidate:
    name: str
    distribution: str
    version: str
    module: str
    path: Path | None = None
    requires: tuple[str, ...] = ()


def _installed() -> list[_Candidate]:
    return [
        _Candidate(
            found["name"], found["distribution"], found["version"], found["module"], requires=tuple(found["requires"])
        )
        for found in installed()
    ]


def _inline(project: Path | None) -> list[_Candidate]:
    folder = project / "plugins" if project else None
    if folder is None or not folder.is_dir():
        return []
    # Of another session; within one, a plugin that imports its neighbour shares it. The package goes too, for it has
    # its modules as attributes, which `from . import` takes.
    for name in [name for name in sys.modules if name.partition(".")[0] == INLINE]:
        del sys.modules[name]
    open_inline(folder)
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [_Candidate(path.stem, "project", "", f"{INLINE}.{path.stem}", path) for path in paths]


def _register(manager: _Manager, registry: Registry, candidate: _Candidate) -> tuple[PluginInfo, ModuleType | None]:
    try:
        _check_version(candidate)
        module = _import(candidate)
        _check_hooks(candidate, module)
        manager.register(module, candidate.name)
        if hasattr(module, "headway_register"):
            module.headway_register(registry.scoped(candidate.name))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is that plugin's fault
        registry.drop(candidate.name)
        if manager.has_plugin(candidate.name):
            manager.unregister(name=candidate.name)
        return _info(candidate, error=_blame(candidate, error)), None
    names = tuple(f"{entry.kind}/{entry.name}" for entry in registry if entry.plugin == candidate.name)
    return _info(candidate, names=names), module


def _info(candidate: _Candidate, error: HeadwayError | None = None, names: tuple[str, ...] = ()) -> PluginInfo:
    return PluginInfo(candidate.name, candidate.distribution, candidate.version, candidate.module, error, names)


def _blame(candidate: _Candidate, error: Exception) -> HeadwayError:
    where = f"{candidate.distribution} {candidate.version}".strip()
    cause = error.what if isinstance(error, HeadwayError) else f"{type(error).__name__}: {error}"
    hint = error.hint if isinstance(error, HeadwayError) and error.hint else "mend or uninstall it"
    return PluginError(
        f"plugin '{candidate.name}' ({where}) cannot be loaded: {cause}",
        hint=f"{hint}; HEADWAY_BLOCK={candidate.name} leaves it out",
        code="plugin",
    )


def _check_version(candidate: _Candidate) -> None:
    from headway import __version__

    for text in candidate.requires:
        wanted = CORE.fullmatch(text)
        if wanted is None or _is_within(__version__, wanted[1]):
            continue
        from packaging.requirements import Requirement

        if not Requirement(text).specifier.contains(__version__, prereleases=True):
            raise PluginError(f"it needs {text.strip()}, but headway {__version__} is installed")


def _is_within(version: str, specifier: str) -> bool:
    """Whether a version keeps plain bounds; anything else is left to `packaging`, which is slow to import."""
    bounds = [PLAIN.fullmatch(part) for part in specifier.strip("() ").split(",")]
    if not version.replace(".", "").isdigit():
        return False
    return all(bound is not None and _keeps(version, bound[1], bound[2]) for bound in bounds)


def _keeps(version: str, sign: str, bound: str) -> bool:
    mine, other = ([*map(int, text.split("."))] for text in (version, bound))
    length = max(len(mine), len(other))
    mine, other = (numbers + [0] * (length - len(numbers)) for numbers in (mine, other))
    return mine >= other if sign == ">=" else mine < other


def _import(candidate: _Candidate) -> ModuleType:
    if candidate.path is None:
        return importlib.import_module(candidate.module)
    return importlib.import_module(candidate.module)


def open_inline(folder: Path) -> None:
    """Lets the modules of a project's ``plugins`` folder be imported, as submodules of `INLINE`."""
    sys.modules.setdefault(INLINE, ModuleType(INLINE)).__path__ = [str(folder)]


def _check_hooks(candidate: _Candidate, module: ModuleType) -> None:
    known = {name for name in vars(hookspecs) if name.startswith(PREFIX)}
    for name, value in vars(module).items():
        is_hook = name.startswith(PREFIX) and inspect.isfunction(value) and _defined_in(module, value)
        if is_hook and name not in known:
            close = nearest(name, known)
            guess = f"did you mean '{close}'?" if close else f"there are: {', '.join(sorted(known))}"
            raise PluginError(f"it defines an unknown hook '{name}'; {guess}")
