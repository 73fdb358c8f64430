"""`headway check`: every fault of a config at once."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from headway.cli import asking
from headway.errors import ConfigError, HeadwayError

if TYPE_CHECKING:
    from headway.config import Experiment
    from headway.session import Session

help = "report every fault of a config at once"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    asking.configure_grid(parser, "check")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print what was found")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints what was checked; faults are raised and printed by the caller, or printed here as JSON."""
    if arguments.format == "json":
        return _json(arguments, session)
    for line, times in Counter(map(_line, _checked(arguments, session))).items():
        print(f"{line}, {times} times" if times > 1 else line)  # noqa: T201
    return 0


def _line(experiment: Experiment) -> str:
    stages = " → ".join(f"{stage.name}={stage.use}" for stage in experiment.stages)
    return f"{experiment.name}: no faults  ({stages})"


def _checked(arguments: argparse.Namespace, session: Session) -> list[Experiment]:
    """The experiments; raises the faults of a whole grid at once, each of them once."""
    overrides, multirun = asking.asked_grid(arguments, session)
    if not multirun:
        return session.experiments(overrides)
    from headway.config import Memory, check, compose, expand

    memory = Memory()
    faults: dict[str, HeadwayError] = {}
    found: list[Experiment] = []
    for words in expand(overrides):
        try:
            found.append(check(compose(session.project, words, session.plugins, memory), session.plugins))
        except ConfigError as error:
            faults |= {fault.render(): fault for fault in error.faults}
    if faults:
        raise ConfigError(list(faults.values()))
    return found


def _json(arguments: argparse.Namespace, session: Session) -> int:
    found: dict[str, Any] = {"faults": [], "experiments": []}
    code = 0
    try:
        found["experiments"] = [_summary(experiment) for experiment in _checked(arguments, session)]
    except HeadwayError as error:
        found |= error.to_dict() if isinstance(error, ConfigError) else {"faults": [error.to_dict()]}
        code = error.exit_code
    print(json.dumps(found, indent=2, ensure_ascii=False))  # noqa: T201
    return code


def _summary(experiment: Experiment) -> dict[str, Any]:
    stages = [{"name": stage.name, "kind": stage.kind, "use": stage.use} for stage in experiment.stages]
    return {"name": experiment.name, "overrides": list(experiment.words), "stages": stages}
