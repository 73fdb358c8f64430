"""A further process of a data-parallel training: ``python -m headway_lightning.rank FOLDER RANK``."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path

from headway import Context, HeadwayError
from headway.plugins import blocked, load

from headway_lightning.ranks import FEATURES, JOB, Job, Seat


class Silent:
    """The first process reports for all."""

    def report(self, step: int, metrics: Mapping[str, float]) -> None:
        """Nothing."""

    def progress(self, done: float, total: float, unit: str, at_most: bool, note: str) -> None:
        """Nothing."""

    def record(self, metrics: Mapping[str, float]) -> None:
        """Nothing."""


def main(folder: Path, rank: int) -> None:
    """Trains a part of each batch, and says why if it cannot.

    Args:
        folder: What `headway_lightning.ranks` wrote.
        rank: This process's number.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides what Ctrl-C means
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    try:
        _train(folder, rank)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the first process is to tell it
        _tell(folder / f"failure-{rank}", error)
        os._exit(1)
    os._exit(0)  # neither CUDA nor gloo has anything left to tidy up


def _train(folder: Path, rank: int) -> None:
    from headway.contracts import Features, adapter_of

    from headway_lightning.training import train

    job = Job(**json.loads((folder / JOB).read_text()))
    registry = load(None if job.project is None else Path(job.project), blocked()).registry
    stage = adapter_of(registry.get("model", job.use)).validate_json(json.dumps(job.values), strict=True)
    log = logging.getLogger("headway.rank")
    log.disabled = True
    context = Context(job.name, Path(job.work), registry, Silent(), log=log)
    features = Features.load(folder / FEATURES, registry)
    train(stage, context, features, Seat(folder, rank, job.size))


def _end_with_the_first() -> None:
    """The first process holds the other end of standard input for as long as it lives."""
    os.read(0, 1)
    os._exit(1)


def _tell(path: Path, error: BaseException) -> None:
    known = isinstance(error, HeadwayError)
    told = {
        "what": error.what if isinstance(error, HeadwayError) else f"{type(error).__name__}: {error}",
        "hint": error.hint if isinstance(error, HeadwayError) else None,
        "code": error.code if isinstance(error, HeadwayError) else None,
        "traceback": "" if known else "".join(traceback.format_exception(error)),
    }
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(told))
    beside.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
