"""`headway run`: executes a plan and says where the report is."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from headway.cli.progress import progress
from headway.cli.tables import metrics_table
from headway.errors import HeadwayError

if TYPE_CHECKING:
    from headway.runner import RunResult
    from headway.session import Session
    from headway.task import Failure

help = "run an experiment, or a grid of them with -m"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("-m", "--multirun", action="store_true", help="run the grid of all a,b,c values")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="choices and values, such as model=mlp")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Runs the experiment; 1 if a stage failed."""
    with progress() as listener:
        results = session.run(arguments.overrides, multirun=arguments.multirun, listener=listener)
    for result in results:
        _conclude(result, session)
    return 0 if all(result.status == "done" for result in results) else 1


def _conclude(result: RunResult, session: Session) -> None:
    lines = [f"\nrun {result.id} {result.status} in {result.seconds:.1f} s"]
    if result.label:
        lines[0] += f"  ({result.label})"
    for stage in result.stages:
        if stage.kind == "evaluation" and stage.metrics:
            lines += ["", *metrics_table(stage.metrics)]
    lines += [""] if len(lines) > 1 else []
    lines += [f"{name:<9} {path}" for name, path in session.products(result)]
    print("\n".join(lines), flush=True)  # noqa: T201
    for stage in result.stages:
        if stage.failure is not None:
            print(f"\n{_explain(stage.failure)}", file=sys.stderr)  # noqa: T201


def _explain(failure: Failure) -> str:
    hint = failure.hint or ("headway runs show latest has the traceback" if failure.traceback else None)
    return HeadwayError(failure.what, hint=hint, code=failure.code).render()
