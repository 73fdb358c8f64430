"""The hooks of Headway: one to register classes, five to be told what happens.

A plugin is a module (entry-point group ``headway``, or a ``plugins/*.py`` of a project) that defines
some of these functions under the same names; no decorator is needed. Events inform: they run in the
controller process only, their return values are ignored, and an exception in one is a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from headway.plugins.registry import Registry

hookspec = pluggy.HookspecMarker("headway")


@hookspec
def headway_register(registry: Registry) -> None:
    """Called once a session, while plugins are loaded, to register classes.

    Args:
        registry: Call ``registry.add(kind, name, cls)``. It is read-only once all plugins are loaded.
    """


@hookspec
def headway_run_started(run: Mapping[str, Any]) -> None:
    """Called when a run has been recorded, before any of its stages.

    Args:
        run: ``id``, ``name``, ``group``, ``config`` (resolved, secrets removed), ``seed``, ``folder``.
    """


@hookspec
def headway_stage_started(run: Mapping[str, Any], stage: str) -> None:
    """Called when a stage begins to run; not for cached stages.

    Args:
        run: As in `headway_run_started`.
        stage: The stage's name, such as ``model`` or ``model[linear]``.
    """


@hookspec
def headway_metrics_logged(run: Mapping[str, Any], stage: str, step: int | None, metrics: Mapping[str, float]) -> None:
    """Called for metrics of a stage, live or replayed from the cache.

    Args:
        run: As in `headway_run_started`.
        stage: The stage's name.
        step: The epoch, step or round, from 1; None for final metrics.
        metrics: Name to value.
    """


@hookspec
def headway_stage_finished(run: Mapping[str, Any], stage: str, outcome: Mapping[str, Any]) -> None:
    """Called when a stage has ended, also by failure or by the cache.

    Args:
        run: As in `headway_run_started`.
        stage: The stage's name.
        outcome: ``status`` (``cached``, ``done``, ``failed``), ``seconds``, ``digest`` and ``path`` of the
            artifact where there is one, ``error``.
    """


@hookspec
def headway_run_finished(run: Mapping[str, Any], status: str, metrics: Mapping[str, float]) -> None:
    """Called when a run is closed, also after a failure or an interrupt.

    Args:
        run: As in `headway_run_started`.
        status: ``done``, ``failed``, ``interrupted``, ``pruned`` or ``skipped``.
        metrics: ``STAGE.METRIC`` to value, of all stages.
    """
