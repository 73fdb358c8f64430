"""`headway run`: executes a plan and says where the report is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from headway.cli import asking, folds, selecting
from headway.cli.progress import progress
from headway.cli.tables import metrics_table
from headway.errors import HeadwayError
from headway.streams import lasting

if TYPE_CHECKING:
    from headway.results import RunResult
    from headway.session import Session
    from headway.task import Failure

help = "run an experiment, or a grid of them with -m"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    asking.configure_grid(parser, "run")
    parser.add_argument("--keep-going", action="store_true", help="after a failure, run all that does not need it")
    selecting.configure(parser)


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Runs the experiment; 1 if a stage failed."""
    overrides, multirun = asking.asked_grid(arguments, session)
    with progress() as listener:
        results = session.run(
            overrides, listener=listener, multirun=multirun,
            selection=selecting.selection(arguments), keep_going=arguments.keep_going,
        )  # fmt: skip
    _tell(results, session)
    return 0 if all(result.status == "done" for result in results) else 1


def _tell(results: Sequence[RunResult], session: Session) -> None:
    """Says how it ended; that nobody reads it is no reason for another exit code."""
    out, errors = lasting(sys.stdout), lasting(sys.stderr)
    if len(results) > 1:
        from headway.cli.grid import grid

        print("\n" + "\n".join(grid(results, partial(folds.pooled, session))), file=out, flush=True)
    else:
        print("\n".join(_concluded(results[0], session)), file=out, flush=True)
    for failure in dict.fromkeys(failure for result in results for failure in _failures(result)):
        print(f"\n{_explain(failure)}", file=errors)


def _concluded(result: RunResult, session: Session) -> list[str]:
    lines = [f"\nrun {result.id} {result.status} in {result.seconds:.1f} s"]
    for stage in result.stages:
        if stage.kind == "evaluation" and stage.metrics:
            lines += ["", *metrics_table(stage.metrics)]
    lines += [""] if len(lines) > 1 else []
    return lines + [f"{name:<9} {path}" for name, path in session.products(result)]


def _failures(result: RunResult) -> list[Failure]:
    return [stage.failure for stage in result.stages if stage.failure is not None and stage.status != "skipped"]


def _explain(failure: Failure) -> str:
    hint = failure.hint or ("headway runs show latest has the traceback" if failure.traceback else None)
    return HeadwayError(failure.what, where=failure.where, hint=hint, code=failure.code).render()
