"""`headway runs list|show`: what was run, and what came of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from headway.cli.tables import metrics_table, table
from headway.errors import UsageError
from headway.store import RunFilter

if TYPE_CHECKING:
    from headway.session import Session
    from headway.store import Run, StageRow

help = "list runs, or show one"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("action", choices=["list", "show"])
    parser.add_argument("run", nargs="?", metavar="RUN", help="an id, the beginning of one, latest or NAME@latest")
    parser.add_argument("-n", "--limit", type=int, default=20, help="how many to list, newest first (20)")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints a table of runs, or one run."""
    if arguments.action == "list":
        lines = _list(session.records.list(RunFilter(limit=arguments.limit)))
    elif arguments.run is None:
        raise UsageError("which run?", hint="headway runs show latest", code="usage")
    else:
        lines = _show(session.records.show(session.records.resolve(arguments.run)))
    print("\n".join(lines))  # noqa: T201
    return 0


def _list(runs: list[Run]) -> list[str]:
    if not runs:
        return ["no runs yet"]
    rows = [[r.id, r.name, r.status, r.created, _seconds(r.seconds), " ".join(r.overrides)] for r in runs]
    return table(["run", "name", "status", "started", "seconds", "overrides"], rows)


def _show(run: Run) -> list[str]:
    facts = {
        "run": run.id,
        "name": run.name,
        "status": run.status,
        "started": run.created,
        "seconds": _seconds(run.seconds),
        "overrides": " ".join(run.overrides),
        "seed": str(run.seed),
        "code": _code(run),
        "versions": "  ".join(f"{name} {version}" for name, version in sorted(run.versions.items())),
    }
    lines = [f"{name:<10} {value}" for name, value in facts.items() if value]
    rows = [
        [s.label, s.use, s.status, _seconds(s.seconds), (s.digest or "")[:12], "; ".join(s.reasons)] for s in run.stages
    ]
    lines += ["", *table(["stage", "use", "status", "seconds", "artifact", "why"], rows)]
    for stage in run.stages:
        lines += _stage(stage)
    return lines


def _stage(stage: StageRow) -> list[str]:
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
