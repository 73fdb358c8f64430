"""`headway plan`: what would run, what is cached, and why. Executes nothing."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from headway.cli import asking, selecting

if TYPE_CHECKING:
    from headway.errors import Place
    from headway.planning import Node, Plan, Reason
    from headway.session import Session

help = "show what would run, what is cached, and why"

ROOM = 90
"""Characters up to which reasons share a line."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    asking.configure_grid(parser, "plan")
    parser.add_argument("--format", choices=["text", "json", "dot", "html"], default="text", help="how to print it")
    selecting.configure(parser)


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints the plan."""
    overrides, multirun = asking.asked_grid(arguments, session)
    experiments = session.experiments(overrides, multirun=multirun)
    plan = session.plan(experiments, selecting.selection(arguments))
    common = [word for word in experiments[0].words if all(word in other.words for other in experiments)]
    grid = [f"({len(experiments)} experiments)"] if len(experiments) > 1 else []
    print(_rendered(plan, arguments.format, " ".join(["headway plan", *common, *grid])))  # noqa: T201
    return 0


def _rendered(plan: Plan, form: str, title: str) -> str:
    if form == "json":
        return json.dumps(as_dict(plan), indent=2, ensure_ascii=False)
    if form == "text":
        return _text(plan)
    from headway.cli import drawing

    return drawing.dot(plan) if form == "dot" else drawing.page(plan, title)


def _text(plan: Plan) -> str:
    width = max(len(node.label) for node in plan.nodes)
    return "\n".join([*(_line(node, width) for node in plan.nodes), "", count(plan)])


def count(plan: Plan) -> str:
    """How many stages would run."""
    runs = sum(node.verdict == "run" for node in plan.nodes)
    return f"{runs} of {len(plan.nodes)} stages would run"


def _line(node: Node, width: int) -> str:
    head = f"{node.label:<{width}}  {node.verdict}"
    reasons = [str(reason) for reason in node.reasons]
    line = "; ".join(reasons)
    if not reasons:
        return head
    if len(line) <= ROOM:
        return f"{head} — {line}"
    indent = "\n" + " " * (width + 2 + len("run — "))
    return f"{head} — {indent.join(reasons)}"


def as_dict(plan: Plan) -> dict[str, Any]:
    """The plan in JSON types."""
    stages = [
        {
            "label": node.label,
            "name": node.stage.name,
            "kind": node.stage.kind,
            "use": node.stage.use,
            "key": node.key,
            "verdict": node.verdict,
            "forced": node.forced,
            "reasons": [_reason(reason) for reason in node.reasons],
            "inputs": node.inputs,
            "digest": node.entry.digest if node.entry else None,
            "experiments": sorted(node.labels),
        }
        for node in plan.nodes
    ]
    return {"stages": stages, "to_run": sum(s["verdict"] == "run" for s in stages), "experiments": list(plan.labels)}


def _reason(reason: Reason) -> dict[str, Any]:
    cause = _reason(reason.cause) if reason.cause else None
    return {"text": str(reason), "what": reason.what, "where": _place(reason.where), "cause": cause}


def _place(place: Place | None) -> dict[str, Any] | None:
    return {"source": place.source, "line": place.line, "column": place.column} if place else None
