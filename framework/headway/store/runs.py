"""What is recorded of a run, and how runs are asked for."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

STATUSES = ("running", "done", "failed", "interrupted", "pruned", "skipped")
OPERATORS = (">=", "<=", "!=", "=", ">", "<")


@dataclass(frozen=True)
class StageRow:
    """One stage of a run, as recorded."""

    label: str
    kind: str
    use: str
    key: str
    status: str
    reasons: tuple[str, ...] = ()
    digest: str | None = None
    seconds: float | None = None
    error: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One run, as recorded.

    Attributes:
        id: UTC time of its start and random digits; sorts by time.
        name: The experiment's name.
        status: ``running``, ``done``, ``failed``, ``interrupted`` (also when its process died), ``pruned`` (a trial of
            a study that was stopped because it promised little), or ``skipped`` (stages were left out because another
            run of the command failed).
        created: When it started, UTC, ISO 8601.
        group: What the runs of one command have in common: the id of the first, or, for the trials of a study, its
            name; None for a single run.
        label: What distinguishes it from those: ``STUDY/NUMBER`` for a trial, the values that differ for a grid.
        overrides: What the command line said.
        config: The resolved config, without secrets.
        seed: The run's seed.
        git: ``commit`` and ``dirty`` of the project, if it is in a repository.
        versions: Python, Headway, plugins and libraries.
        seconds: How long it took.
        error: Why it failed.
        stages: Its stages; only filled by `Records.show`.
        note: What someone wrote about it.
        tags: Words it was marked with, sorted.
        attempt_of: The id of the first interrupted attempt that this run repeats.
    """

    id: str
    name: str
    status: str
    created: str
    overrides: tuple[str, ...]
    config: Mapping[str, Any]
    seed: int
    git: Mapping[str, Any]
    versions: Mapping[str, str]
    group: str | None = None
    label: str = ""
    seconds: float | None = None
    error: str | None = None
    stages: tuple[StageRow, ...] = ()
    note: str = ""
    tags: tuple[str, ...] = ()
    attempt_of: str | None = None


@dataclass(frozen=True)
class Condition:
    """What a final metric or a config value of a run must satisfy.

    Attributes:
        field: ``STAGE.METRIC``, or, if no run has such a metric, the dotted path of a config value.
        operator: One of `OPERATORS`, or ``exists``. The order of text is no order: ``<`` and its like compare numbers.
        value: A JSON value to compare with. A run without the field satisfies nothing, not even ``!=``.
    """

    field: str
    operator: str = "exists"
    value: Any = None


@dataclass(frozen=True)
class RunFilter:
    """Which runs are asked for, and in which order.

    Attributes:
        name: The experiment's name; any if None.
        group: What they have in common, such as a study's name; any if None.
        statuses: Any of these; all if empty.
        tags: All of these.
        since: Only runs created at this UTC time (ISO 8601) or later.
        where: All of these hold.
        sort: ``created`` (the order in which they were recorded, whatever the clock said), ``seconds``, ``name``,
            ``status``, a metric or a config value; with ``-`` in front the greatest first. Runs without it come last.
        limit: The most to return; None for all.
    """

    name: str | None = None
    group: str | None = None
    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    since: str | None = None
    where: tuple[Condition, ...] = ()
    sort: str = "-created"
    limit: int | None = None


ALL = RunFilter()
"""Every run, newest first."""

_issued: set[str] = set()


def new_run_id() -> str:
    """A new id such as ``20261123-175501-4f2a7c``; never the same twice in a process, hardly ever in two."""
    while True:
        run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        if run not in _issued:
            _issued.add(run)
            return run
