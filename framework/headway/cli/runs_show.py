"""`headway runs show`: all that is recorded of one run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from headway.cli.tables import csv_lines, metrics_table, room, table
from headway.store import ArtifactStore, Run, StageRow


def shown(run: Run, artifacts: ArtifactStore, form: str | None) -> Sequence[str]:
    """The lines of a run: facts and stages for people, all of it as JSON, or its metrics as CSV."""
    if form == "json":
        stages = [asdict(stage) | {"removed": _is_removed(stage, artifacts)} for stage in run.stages]
        return json.dumps(asdict(run) | {"stages": stages}, indent=2).splitlines()
    if form == "csv":
        rows = [[stage.label, name, value] for stage in run.stages for name, value in stage.metrics.items()]
        return csv_lines(["stage", "metric", "value"], rows)
    lines = [f"{name:<10} {value}" for name, value in _facts(run).items() if value]
    header = ["stage", "use", "status", "seconds", "artifact", "why"]
    lines += ["", *table(header, [_cells(stage, artifacts) for stage in run.stages], room())]
    for stage in run.stages:
        lines += _details(stage)
    return lines


def _facts(run: Run) -> dict[str, str]:
    return {
        "run": run.id,
        "name": run.name,
        "status": run.status,
        "started": run.created,
        "seconds": _seconds(run.seconds),
        "note": run.note,
        "tags": " ".join(run.tags),
        "repeats": f"{run.attempt_of}, which was interrupted" if run.attempt_of else "",
        "group": run.group or "",
        "label": run.label,
        "overrides": " ".join(run.overrides),
        "seed": str(run.seed),
        "code": _code(run),
        "versions": "  ".join(f"{name} {version}" for name, version in sorted(run.versions.items())),
        "error": run.error or "",
    }


def _cells(stage: StageRow, artifacts: ArtifactStore) -> list[str]:
    artifact = "artifact removed" if _is_removed(stage, artifacts) else (stage.digest or "")[:12]
    return [stage.label, stage.use, stage.status, _seconds(stage.seconds), artifact, "; ".join(stage.reasons)]


def _is_removed(stage: StageRow, artifacts: ArtifactStore) -> bool:
    return stage.digest is not None and not artifacts.has(stage.digest)


def _details(stage: StageRow) -> list[str]:
    lines = []
    if stage.metrics:
        lines += ["", stage.label, *metrics_table(stage.metrics)]
    if stage.error:
        lines += ["", stage.label, stage.error]
    return lines


def _code(run: Run) -> str:
    commit = run.git.get("commit")
    return f"{commit}{' with uncommitted changes' if run.git.get('dirty') else ''}" if commit else ""


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
