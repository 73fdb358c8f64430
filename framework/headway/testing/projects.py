"""Throwaway projects, contexts and plugins on their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from headway.contracts.artifact import Lookup
from headway.naming import unknown
from headway.plugins import Plugins, load
from headway.plugins.installed import GROUP
from headway.progress import Progress
from headway.stage import Context


@dataclass(frozen=True)
class Project:
    """A project in a temporary folder.

    Attributes:
        folder: Its folder, which has ``configs/``.
    """

    folder: Path

    def write(self, path: str, text: str) -> Path:
        """Writes a file, such as ``configs/experiment/demo.yaml``, and gives its path."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def plugin(self, name: str, source: str) -> Path:
        """Adds an inline plugin, ``plugins/NAME.py``."""
        return self.write(f"plugins/{name}.py", source)

    def plugins(self) -> Plugins:
        """The installed plugins and the project's own, freshly loaded."""
        return load(self.folder)

    def headway(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Runs ``headway ARGUMENTS`` in the project, in a process of its own, and gives what it printed.

        Args:
            arguments: As on the command line, such as ``"run", "experiment=demo"``.
            timeout: Seconds after which the process is ended and `subprocess.TimeoutExpired` raised.
        """
        return subprocess.run(
            [sys.executable, "-m", "headway.cli.main", *arguments],
            cwd=self.folder,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


@dataclass
class Recorder:
    """A reporter that remembers what a stage reported.

    Attributes:
        reports: ``(step, metrics)`` in their order.
        metrics: The final metrics, later ones over earlier ones.
        progresses: How far the stage was, each time it said so.
    """

    reports: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    progresses: list[Progress] = field(default_factory=list)

    def report(self, step: int, metrics: Mapping[str, float]) -> None:
        """Remembers intermediate metrics."""
        self.reports.append((step, dict(metrics)))

    def progress(self, done: float, total: float, unit: str, at_most: bool, note: str) -> None:
        """Remembers how far the stage is: all of it, where the terminal is told some."""
        progress = Progress.of(done, total, unit, at_most, note)
        if progress is not None:
            self.progresses.append(progress)

    def record(self, metrics: Mapping[str, float]) -> None:
        """Remembers final metrics."""
        self.metrics |= metrics


def make_context(
    work: Path, registry: Lookup | None = None, *, name: str = "stage", recorder: Recorder | None = None
) -> Context:
    """A context to call a stage's ``run`` with.

    Args:
        work: The stage's folder; made when the stage asks for it.
        registry: Names to classes; all installed plugins by default.
        name: The stage's name in the pipeline.
        recorder: What remembers the stage's metrics; a new one by default, as ``context.reporter``.
    """
    lookup = load().registry if registry is None else registry
    return Context(name, work, lookup, recorder or Recorder(), devices="1")


def alone(plugin: str, project: Path | None = None) -> Plugins:
    """Loads one installed plugin and those its distribution declares as dependencies, and no others.

    A test under it fails if the plugin leans on a neighbour that it does not declare.

    Args:
        plugin: The entry-point name, such as ``tabular``.
        project: A project whose inline plugins are loaded too.

    Raises:
        LookupError: No installed distribution offers that plugin.
    """
    points = {point.name: point.dist for point in metadata.entry_points(group=GROUP) if point.dist is not None}
    if plugin not in points:
        raise LookupError(unknown("plugin", plugin, points))
    owners: dict[str, list[str]] = {}
    for name, dist in points.items():
        owners.setdefault(_canonical(dist.name), []).append(name)
    wanted, queue = set(), [_canonical(points[plugin].name)]
    while queue:
        distribution = queue.pop()
        if distribution in owners and distribution not in wanted:
            wanted.add(distribution)
            queue += _requirements(points[owners[distribution][0]])
    keep = {name for distribution in wanted for name in owners[distribution]}
    return load(project, blocked=set(points) - keep)


def _requirements(distribution: metadata.Distribution) -> list[str]:
    from packaging.requirements import Requirement

    parsed = [Requirement(text) for text in distribution.requires or ()]
    return [_canonical(item.name) for item in parsed if item.marker is None or item.marker.evaluate({"extra": ""})]


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-")
