"""`headway config`: the resolved config, and where each value came from."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.session import Session

help = "print the resolved config"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("--origins", action="store_true", help="say where each value came from")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="choices and values, such as model=mlp")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints YAML."""
    from headway.config import render

    for experiment in session.experiments(arguments.overrides):
        print(render(experiment, origins=arguments.origins), end="")  # noqa: T201
    return 0
