"""`headway plan`: what would run, what is cached, and why. Executes nothing."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.planning import Node
    from headway.session import Session

help = "show what would run, what is cached, and why"

ROOM = 90
"""Characters up to which reasons share a line."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("-m", "--multirun", action="store_true", help="plan the grid of all a,b,c values")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="choices and values, such as model=mlp")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints one line a stage, and the count."""
    plan = session.plan(session.experiments(arguments.overrides, multirun=arguments.multirun))
    width = max(len(node.label) for node in plan.nodes)
    for node in plan.nodes:
        print(_line(node, width))  # noqa: T201
    runs = sum(node.verdict == "run" for node in plan.nodes)
    print(f"\n{runs} of {len(plan.nodes)} stages would run")  # noqa: T201
    return 0


def _line(node: Node, width: int) -> str:
    head = f"{node.label:<{width}}  {node.verdict}"
    if not node.reasons:
        return head
    line = "; ".join(node.reasons)
    if len(line) <= ROOM:
        return f"{head} — {line}"
    indent = "\n" + " " * (width + 2 + len("run — "))
    return f"{head} — {indent.join(node.reasons)}"
