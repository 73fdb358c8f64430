"""The runs of a plan, described before any work: config, seeds, code and library versions."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.journal import Journal, Kept
from headway.store import Run, new_run_id

if TYPE_CHECKING:
    from headway.config import Experiment
    from headway.planning import Plan
    from headway.plugins import Plugins
    from headway.results import Listener
    from headway.session import Session


def open_journal(session: Session, plan: Plan, experiments: Sequence[Experiment], listener: Listener) -> Journal:
    """The journal of a plan, with one run an experiment; nothing is written until it is entered."""
    git = _git(session.project)
    versions = _versions(session.plugins, plan)
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    ids = [new_run_id() for _ in experiments]
    earlier = [session.records.interrupted(experiment.name, experiment.public) for experiment in experiments]
    group = next((run.group for run in earlier if run and run.group), ids[0]) if len(ids) > 1 else None
    runs = [
        Run(
            id=run_id, name=experiment.name, status="running", created=created,
            overrides=experiment.words, config=experiment.public, seed=experiment.seed, git=git, versions=versions,
            group=group, attempt_of=(attempt.attempt_of or attempt.id) if attempt else None,
        )
        for run_id, experiment, attempt in zip(ids, experiments, earlier, strict=True)
    ]  # fmt: skip
    told = zip(runs, plan.labels, experiments, strict=True)
    return Journal(session, [Kept(run, label, experiment) for run, label, experiment in told], listener)


def _git(project: Path) -> dict[str, Any]:
    """The commit of the project's repository, and whether tracked files differ from it."""
    command = ["git", "-C", str(project), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return {}
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid")), "")
    return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}


def _versions(plugins: Plugins, plan: Plan) -> dict[str, str]:
    from headway import __version__

    libraries = {name: v for node in plan.nodes for name, v in node.components.get("libraries", {}).items()}
    distributions = {info.distribution: info.version for info in plugins.infos if info.version}
    return libraries | distributions | {"headway": __version__, "python": platform.python_version()}
