"""The runs of a plan, described before any work: config, seeds, code and library versions."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.journal import Journal, Kept
from headway.store import Run, new_run_id

if TYPE_CHECKING:
    from headway.config import Experiment
    from headway.planning import Plan
    from headway.results import Listener
    from headway.session import Session


@dataclass(frozen=True)
class Described:
    """What runs that begin at about the same time have in common, found once for all of them.

    Attributes:
        git: ``commit`` and ``dirty`` of the project, if it is in a repository.
        versions: Python, Headway and plugins.
    """

    git: Mapping[str, Any]
    versions: Mapping[str, str]


def describe(session: Session) -> Described:
    """The code that runs of a session are made with; asks git, which takes its time."""
    from headway import __version__

    distributions = {info.distribution: info.version for info in session.plugins.infos if info.version}
    own = {"headway": __version__, "python": platform.python_version()}
    return Described(_git(session.project), distributions | own)


def open_journal(
    session: Session,
    plan: Plan,
    experiments: Sequence[Experiment],
    listener: Listener,
    *,
    described: Described | None = None,
    group: str | None = None,
    label: str = "",
) -> Journal:
    """The journal of a plan, with one run an experiment; nothing is written until it is entered.

    Args:
        session: Whose store, records and plugins are used.
        plan: What is executed.
        experiments: What was planned.
        listener: What shows the runs.
        described: The code, if it is known already.
        group: What the runs have in common with those of other plans, such as a study's name; by default the id of
            the first, if there are several.
        label: What distinguishes the runs from those of other plans, such as ``adult/12``.
    """
    known = described or describe(session)
    versions = {**_libraries(plan), **known.versions}
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    ids = [new_run_id() for _ in experiments]
    earlier = [session.records.interrupted(experiment.name, experiment.public) for experiment in experiments]
    if group is None and len(ids) > 1:
        group = next((run.group for run in earlier if run and run.group), ids[0])
    runs = [
        Run(
            id=run_id, name=experiment.name, status="running", created=created,
            overrides=experiment.words, config=experiment.public, seed=experiment.seed, git=known.git,
            versions=versions, group=group, label=f"{label} {own}".strip(),
            attempt_of=(attempt.attempt_of or attempt.id) if attempt else None,
        )
        for run_id, own, experiment, attempt in zip(ids, plan.labels, experiments, earlier, strict=True)
    ]  # fmt: skip
    return Journal(session, [Kept(*told) for told in zip(runs, experiments, strict=True)], listener)


def _git(project: Path) -> dict[str, Any]:
    """The commit of the project's repository, and whether tracked files differ from it."""
    command = ["git", "-C", str(project), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return {}
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid")), "")
    return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}


def _libraries(plan: Plan) -> dict[str, str]:
    """The versions of the libraries that the stages of a plan name."""
    return {name: version for node in plan.nodes for name, version in node.components.get("libraries", {}).items()}
