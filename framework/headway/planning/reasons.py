"""Why a stage runs: its key's components beside those of the last time, each difference with its place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.config.hints import hints_of
from headway.config.tree import leaves
from headway.config.walking import markers
from headway.errors import Place
from headway.fields import SeedMarker
from headway.planning.fingerprint import dotted, undotted
from headway.planning.sources import sources

if TYPE_CHECKING:
    from headway.config import Experiment
    from headway.planning.graph import Vertex
    from headway.store import ArtifactStore, Records

    Parts = Mapping[str, Any]


@dataclass(frozen=True)
class Reason:
    """One reason why a stage runs.

    Attributes:
        what: Such as ``model.dropout 0.1 → 0.2``.
        where: Where that was written, if it was.
        cause: For an input that changed: why that changed.
    """

    what: str
    where: Place | None = None
    cause: Reason | None = None

    @property
    def root(self) -> Reason:
        """The reason at the beginning of the chain."""
        return self.cause.root if self.cause else self

    def __str__(self) -> str:
        if self.cause is not None:
            return f"{self.what}: {self.root}"
        if self.where is None:
            return self.what
        line = f":{self.where.line}" if self.where.line else ""
        return f"{self.what} ({self.where.source}{line})"


@dataclass
class Reasons:
    """Finds the reasons of stages, which must be asked for in the order of the plan.

    Args:
        experiments: Whose configs say where a value was set.
        files: First-party module name to its file.
        store: What keys were made of.
        records: What keys the stages had before.
    """

    experiments: Sequence[Experiment]
    files: Mapping[str, Path]
    store: ArtifactStore
    records: Records
    _told: dict[str, Reason] = field(default_factory=dict)

    def of(self, vertex: Vertex, forced: bool, present: bool) -> tuple[Reason, ...]:
        """Why a stage runs, the most telling reason first.

        Args:
            vertex: The stage as it is now.
            forced: Whether the user wants it to run.
            present: Whether its result is in the store.
        """
        if vertex.effect:
            return (Reason("it changes the world outside"),)
        if forced and present:
            return (Reason("forced", Place("command line")),)
        found = self._compared(vertex)
        self._told[vertex.key] = found[0]
        return found

    def _compared(self, vertex: Vertex) -> tuple[Reason, ...]:
        index = min(vertex.labels)
        experiment = self.experiments[index]
        last = self.records.last_key(experiment.name, vertex.labels[index][0])
        if last is None:
            return (Reason("not run before"),)
        before = self.store.components(last)
        if before is None or last == vertex.key:
            return (Reason("its result is no longer in the store"),)
        comparison = _Comparison(vertex, before, experiment, self.files, self._told)
        return tuple(comparison.reasons()) or (Reason("its source cannot say whether it changed"),)


@dataclass(frozen=True)
class _Comparison:
    """A stage as it was and as it is."""

    vertex: Vertex
    before: Parts
    experiment: Experiment
    files: Mapping[str, Path]
    told: Mapping[str, Reason]

    def reasons(self) -> Iterator[Reason]:
        now = self.vertex.components
        if self.before["stage"] != now["stage"]:
            place = self.experiment.config.written((self.vertex.stage.name, "use"))
            yield Reason(f"{self.before['stage']} → {now['stage']}", place)
        else:
            yield from self._version()
            yield from self._config()
            yield from self._content()
            yield from self._fingerprint()
            yield from self._source()
            yield from self._libraries()
        yield from self._inputs()

    def _changes(self, part: str) -> Iterator[tuple[str, Any, Any]]:
        before, now = self.before.get(part, {}), self.vertex.components.get(part, {})
        for name in sorted({*before, *now}):
            if before.get(name, ...) != now.get(name, ...) and not _is_filled(name, before, now):
                yield name, before.get(name, ...), now.get(name, ...)

    def _version(self) -> Iterator[Reason]:
        old, new = self.before["cache_version"], self.vertex.components["cache_version"]
        if old != new:
            yield Reason(f"cache_version {old} → {new}", self._declared("cache_version"))

    def _config(self) -> Iterator[Reason]:
        stage = self.vertex.stage
        for name, old, new in self._changes("config"):
            path = undotted(name)
            place = self._written(path) or self._declared(path[0])
            yield Reason(f"{'.'.join((stage.name, *path))} {_shown(old)} → {_shown(new)}", place)

    def _written(self, path: tuple[str, ...]) -> Place | None:
        """Where the config says a field's value; for a seed that it does not mention, where it says the run's."""
        stage, written = self.vertex.stage, self.experiment.config.written
        cls: type = type(stage.stage)
        is_seed = len(path) == 1 and any(markers(hints_of(cls).get(path[0]), SeedMarker))
        return written((stage.name, *path)) or (written(("seed",)) if is_seed else None)

    def _declared(self, name: str) -> Place | None:
        """Where the stage's class, or one of its bases, declares a field or an attribute."""
        for base in type(self.vertex.stage.stage).__mro__:
            path = self.files.get(base.__module__)
            if path is None or name not in {**vars(base), **vars(base).get("__annotations__", {})}:
                continue
            lines, start = inspect.getsourcelines(base)
            found = (start + n for n, line in enumerate(lines) if re.match(rf"\s+{re.escape(name)}\s*[:=]", line))
            return Place(self._file(base.__module__), next(found, start))
        return None

    def _content(self) -> Iterator[Reason]:
        stage = self.vertex.stage
        named = {dotted(at): (at, text) for at, text in sources(stage)}
        for name, _, new in self._changes("content"):
            at, file = named.get(name, (undotted(name), ""))
            what = f"{file} changed" if new is not ... else "is gone"
            yield Reason(
                f"{'.'.join(map(str, (stage.name, *at)))}: {what}", self.experiment.config.place((stage.name, *at))
            )

    def _fingerprint(self) -> Iterator[Reason]:
        old, new = self.before.get("fingerprint"), self.vertex.components.get("fingerprint")
        if old != new and self.vertex.is_sure:
            yield Reason(f"its source changed: {_shown(old)} → {_shown(new)}")

    def _source(self) -> Iterator[Reason]:
        for module, old, new in self._changes("source"):
            verb = "is new" if old is ... else "is gone" if new is ... else "changed"
            yield Reason(f"{self._file(module)} {verb}")

    def _libraries(self) -> Iterator[Reason]:
        for name, old, new in self._changes("libraries"):
            module = self.vertex.importers.get(name)
            yield Reason(f"{name} {_shown(old)} → {_shown(new)}", Place(self._file(module)) if module else None)

    def _inputs(self) -> Iterator[Reason]:
        """One reason for all inputs that changed for the same cause."""
        found: dict[Any, list[tuple[str, str, Reason | None]]] = {}
        for name, old, new in self._changed_inputs():
            verb = "is new" if old in (None, ...) else "is gone" if new in (None, ...) else "changed"
            cause = self._cause(new)
            group = (verb, cause.root if cause else name)
            found.setdefault(group, []).append((name, verb, cause))
        for changed in found.values():
            names, (_, verb, cause) = ", ".join(name for name, _, _ in changed), changed[0]
            yield Reason(f"{names} {verb}", cause=cause)

    def _changed_inputs(self) -> Iterator[tuple[str, Any, Any]]:
        for name, old, new in self._changes("inputs"):
            if isinstance(old, Mapping) and isinstance(new, Mapping):
                pairs = [(item, old.get(item), new.get(item)) for item in sorted({*old, *new})]
                yield from ((f"{name}.{item}", was, now) for item, was, now in pairs if was != now)
            else:
                yield name, old, new

    def _cause(self, keys: Any) -> Reason | None:
        """Why an input has another key, if that was told and is more than that it never ran."""
        told = [self.told[key] for _, key in leaves(keys) if key in self.told]
        return next((cause for cause in told if cause.root.what != "not run before"), None)

    def _file(self, module: str) -> str:
        """A module as people know it: a file from the project, or from where its package lies."""
        path, project = self.files.get(module), self.experiment.config.project
        if path is None:
            return module
        if path.is_relative_to(project / "plugins") and module.startswith("_"):
            return path.relative_to(project).as_posix()
        parts = module.count(".") + (2 if path.name == "__init__.py" else 1)
        return "/".join(path.parts[-parts:])


def _is_filled(name: str, before: Parts, now: Parts) -> bool:
    """Whether an empty list or mapping got items, or lost them; those are told by themselves."""
    empty, other = (before.get(name, ...), now) if name in before else (now.get(name, ...), before)
    return empty in ([], {}) and any(key.startswith(f"{name}.") for key in other)


def _shown(value: Any) -> str:
    text = "unset" if value is ... else str(value)
    return text if len(text) <= 40 else text[:37] + "…"
