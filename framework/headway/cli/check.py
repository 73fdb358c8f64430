"""`headway check`: every fault of a config at once."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.session import Session

help = "report every fault of a config at once"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("-m", "--multirun", action="store_true", help="check the grid of all a,b,c values")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="choices and values, such as model=mlp")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints what was checked; faults are raised and printed by the caller."""
    for experiment in session.experiments(arguments.overrides, multirun=arguments.multirun):
        stages = " → ".join(f"{stage.name}={stage.use}" for stage in experiment.stages)
        print(f"{experiment.name}: no faults  ({stages})")  # noqa: T201
    return 0
