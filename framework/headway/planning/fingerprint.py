"""Cache keys: what a stage's result depends on, component by component."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from headway.config.hints import hints_of
from headway.config.tree import leaves
from headway.config.walking import markers
from headway.errors import HeadwayError, Place
from headway.fields import Registered, SecretMarker, SourceMarker, Uncached, is_url
from headway.paths import resolve_source
from headway.planning.libraries import Libraries
from headway.planning.modules import Scanner, package_folders
from headway.planning.sources import located, sources
from headway.watched import Watched, content_of, sha256

if TYPE_CHECKING:
    from headway.config import StageConfig
    from headway.config.origins import Key
    from headway.plugins import Plugins, Registry
    from headway.store import Remembered

DOTS = re.compile(r"\\(.)|\.", re.DOTALL)
"""A character that is a part's own, or a dot between parts."""
LEFT_OUT: tuple[type, ...] = (Uncached, SecretMarker, SourceMarker)
"""Markers of fields whose values are in no key."""
KNOWN_OTHERWISE = ("artifact", "command", "configs", "tracker", "transform")
"""Kinds that no stage looks up by a name in its code: artifacts are reached by the stages that give them, transforms by
the fields that choose them, the others decide no result."""
Components = dict[str, Any]
"""JSON: ``stage``, ``config`` (dotted field → value), ``content`` (field → SHA-256), ``source`` (module →
hash), ``libraries`` (import name → version), ``cache_version``, ``inputs`` (parameter → key or keys)."""


@dataclasses.dataclass(frozen=True)
class Fingerprint:
    """What a key is made of, and what explains it.

    Attributes:
        components: What is hashed.
        importers: Library → the module that imports it.
        is_sure: Whether the stage's source, if it is no file, could say whether it changed.
        watched: The files of ``source`` and ``content``.
    """

    components: Components
    importers: Mapping[str, str]
    is_sure: bool
    watched: Watched


def key_of(components: Components) -> str:
    """The cache key: SHA-256 of the components as canonical JSON."""
    return hashlib.sha256(json.dumps(components, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Fingerprinter:
    """Computes components; one a plan.

    Args:
        plugins: Their packages are first-party: their source is followed.
        project: The folder that source paths start from.
        remembered: What was read before.
    """

    def __init__(self, plugins: Plugins, project: Path, remembered: Remembered) -> None:
        self.plugins = plugins
        self._registry = plugins.registry
        self._project = project
        self._remembered = remembered
        tops = {module.__name__.partition(".")[0] for module in plugins.modules.values()}
        roots = {top: package_folders(top) for top in sorted(tops)}
        self.scanner = Scanner(roots, _named(plugins.registry), remembered)
        self._libraries = Libraries(remembered)
        self._tokens: dict[str, str] = {}

    def components(self, stage: StageConfig, inputs: Mapping[str, Any]) -> Fingerprint:
        """What the result of a stage depends on.

        Args:
            stage: The stage's config.
            inputs: Parameter name to the key of its input, or keys.
        """
        cls = type(stage.stage)
        is_sure = True
        scan = self.scanner.scan(self._reached(stage))
        content, files = self._content(stage)
        components: Components = {
            "stage": f"{stage.kind}/{stage.use}",
            "config": config_slice(stage.stage, stage.values, chosen=stage.chosen),
            "content": content,
            "source": dict(scan.modules),
            "libraries": self._libraries.versions(scan.libraries),
            "cache_version": cls.cache_version,
            "inputs": dict(inputs),
        }
        if hasattr(stage.stage, "fingerprint") or any(is_url(text) for _, text in sources(stage)):
            # A source that cannot tell whether it changed gets a key that no other plan will ever have; in one plan
            # all that ask for the same share it, so that a model and its baselines see the same rows.
            asked: Any = located(stage, self._project) if hasattr(stage.stage, "fingerprint") else None
            told = None if asked is None else asked.fingerprint()
            is_sure = bool(told)
            components["fingerprint"] = told or self._tokens.setdefault(key_of(components), secrets.token_hex(16))
        return Fingerprint(components, scan.libraries, is_sure, {"source": scan.files, "content": files})

    def _reached(self, stage: StageConfig) -> list[str]:
        """Modules of the stage class and of what its fields choose, their bases, and what they name in the registry."""
        classes = [base for _, part, _ in stage.parts() for base in type(part).__mro__]
        modules = [base.__module__ for base in classes if base.__module__ not in ("builtins", "headway.stage")]
        for _, marker, value in stage.marked(Registered):
            names = [name for _, name in leaves(value) if isinstance(name, str) and name and name not in marker.also]
            modules += [self._registry.get(marker.kind, name).__module__ for name in names]
        return modules

    def _content(self, stage: StageConfig) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
        """Field to the digest of its source; and to its place and stamp, if it is no URL."""
        found, files = {}, {}
        for at, text in sources(stage):
            key = dotted(at)
            try:
                if is_url(text):  # it may hold a token
                    found[key] = hashlib.sha256(text.encode()).hexdigest()
                    continue
                path = resolve_source(text, self._project)
                stamp, found[key] = content_of(path, lambda file: self._remembered.look(file, "content", sha256))
                files[key] = (str(path), stamp)
            except HeadwayError as error:
                error.where = error.where or Place(".".join(map(str, (stage.name, *at))))
                raise
        return found, files


def _named(registry: Registry) -> dict[str, list[str]]:
    """Registered name to the modules of what stages look up by it while they run: runtimes, metrics and the like."""
    found: dict[str, list[str]] = {}
    for entry in registry:
        if not entry.is_stage and entry.kind not in KNOWN_OTHERWISE:
            found.setdefault(entry.name, []).append(entry.target.__module__)
    return found


def config_slice(
    stage: Any, values: Mapping[str, Any], at: Key = (), chosen: Mapping[Key, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """The fields that decide the result, dotted; paths count by content, secrets and uncached not at all.

    Args:
        stage: A stage, or another dataclass.
        values: Its field values in JSON types.
        at: The path of the values.
        chosen: Path of the fields of everything that they choose, to its instance.
    """
    cls: type = type(stage)
    hints = hints_of(cls)
    found: dict[str, Any] = {}
    for field in dataclasses.fields(stage):
        if any(next(markers(hints[field.name], left_out), None) for left_out in LEFT_OUT):
            continue
        found |= _slice((*at, field.name), getattr(stage, field.name), values[field.name], chosen)
    return found


def _slice(at: Key, value: Any, dumped: Any, chosen: Mapping[Key, Any]) -> dict[str, Any]:
    """One value, dotted; dataclasses anywhere in it, and in what it chooses, keep the markers of their own fields."""
    if dataclasses.is_dataclass(value):
        return config_slice(value, dumped, at, chosen)
    name = next(iter(dumped)) if isinstance(dumped, Mapping) and len(dumped) == 1 else dumped
    if isinstance(name, str) and (*at, name) in chosen:
        fields = {} if name == dumped else dumped[name]
        return {dotted(at): name} | config_slice(chosen[*at, name], fields, (*at, name), chosen)
    pairs: list[tuple[Any, Any, Any]] = []
    if isinstance(value, Mapping):
        pairs = [(key, value[key], item) for key, item in zip(value, dumped.values(), strict=True)]
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in dumped):
        pairs = list(zip(range(len(value)), value, dumped, strict=True))
    if not pairs:
        return {dotted(at): dumped}
    return {key: part for k, item, plain in pairs for key, part in _slice((*at, k), item, plain, chosen).items()}


def dotted(at: Key) -> str:
    """A path as it stands in components: dots that are a part's own, such as a mapping's key's, are told apart."""
    return ".".join(str(part).replace("\\", "\\\\").replace(".", "\\.") for part in at)


def undotted(name: str) -> tuple[str, ...]:
    """The path that `dotted` wrote."""
    return tuple(DOTS.sub(lambda found: found[1] or "\0", name).split("\0"))
