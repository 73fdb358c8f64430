"""The other processes of a data-parallel training: started, met, watched, and ended with this one.

A stage runs inside a worker, not in a script of its own, so that Lightning cannot start it again; each further process
is ``python -m headway_lightning.rank FOLDER RANK`` instead. It reads the stage and the features from a folder in the
stage's work folder, and lives as long as its standard input is open: that is, no longer than this process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from headway import Context
from headway.contracts import Features, Source
from headway.errors import DataError
from torch import distributed

from headway_lightning.group import ALONE, Group
from headway_lightning.trainer import Trainer

FOLDER, JOB, FEATURES, MEETING = "ranks", "job.json", "features", "meeting"
BEGIN = 600.0
"""Seconds within which the processes must have loaded what they need."""
GRACE = 5.0
"""Seconds that a process which has broken the connection is given to say why."""


@dataclass(frozen=True)
class Job:
    """What a further process is told.

    Attributes:
        use: The registered name of the stage.
        values: Its fields.
        name: Its name in the pipeline.
        work: Its work folder.
        project: The project's folder, whose plugins are loaded.
        size: How many processes there are.
    """

    use: str
    values: Mapping[str, Any]
    name: str
    work: str
    project: str | None
    size: int


@dataclass(frozen=True)
class Seat:
    """The place of a further process.

    Attributes:
        folder: Where the processes meet.
        rank: Its number.
        size: How many there are.
    """

    folder: Path
    rank: int
    size: int


class Meeting:
    """The processes of one training, seen from one of them.

    Args:
        group: This process.
        others: The further processes, if this is the first.
        folder: Where they meet.
    """

    def __init__(self, group: Group, others: tuple[subprocess.Popen[bytes], ...] = (), folder: Path = Path()) -> None:
        self.group = group
        self._others = others
        self._folder = folder
        self._broken = threading.Event()

    def cause(self, error: BaseException) -> Exception | None:
        """Why another process ended, if that is what an error of this one comes from."""
        lost = isinstance(error, distributed.DistError) or "gloo" in str(error) or self._broken.is_set()
        if not self._others or not lost:
            return None
        limit = time.monotonic() + GRACE
        while time.monotonic() < limit:
            for rank, process in enumerate(self._others, start=1):
                if process.poll() is not None:
                    return _why(self._folder, rank, process.returncode)
            time.sleep(0.02)
        return None

    @contextmanager
    def watched(self, abort: Callable[[], None]) -> Iterator[None]:
        """Calls `abort` when another process ends: NCCL would wait for it, which gloo does not."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.1):
                if any(process.poll() is not None for process in self._others):
                    self._broken.set()
                    abort()
                    return

        watcher = threading.Thread(target=watch, name="headway-ranks", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def wait(self) -> None:
        """Returns when all have loaded what they need; raises what ended one of them."""
        limit, missing = time.monotonic() + BEGIN, set(range(1, self.group.size))
        while missing:
            for rank in list(missing):
                if (self._folder / f"ready-{rank}").exists():
                    missing.remove(rank)
                elif (code := self._others[rank - 1].poll()) is not None:
                    raise _why(self._folder, rank, code)
            if time.monotonic() > limit:
                raise DataError(f"process {min(missing)} of the training did not begin in time", code="rank-slow")
            time.sleep(0.02)


@contextmanager
def meet(use: str, stage: Any, context: Context, features: Features, seat: Seat | None) -> Iterator[Meeting]:
    """The processes that train a stage: none but this one unless it asks for several devices.

    Args:
        use: The stage's registered name.
        stage: What is trained.
        context: Its work folder has their folder while they live.
        features: What it is trained on.
        seat: This process's place, if it is a further one.

    Raises:
        HeadwayError: A further process could not begin.
    """
    config: Trainer = stage.trainer
    if config.devices == 1:
        yield Meeting(ALONE)
    elif seat is not None:
        (seat.folder / f"ready-{seat.rank}").touch()
        group = Group(seat.rank, seat.size)
        with _connected(seat.folder, group, config.on_gpu()):
            yield Meeting(group)
    else:
        with _led(use, stage, context, features) as meeting:
            yield meeting


@contextmanager
def _led(use: str, stage: Any, context: Context, features: Features) -> Iterator[Meeting]:
    """Starts the further processes and, at the end, ends them."""
    from headway.contracts import adapter_of

    size, folder = stage.trainer.devices, context.work / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    values = adapter_of(type(stage)).dump_python(stage, mode="json")
    project = None if context.project is None else str(context.project)
    job = Job(use, values, context.name, str(context.work.absolute()), project, size)
    (folder / JOB).write_text(json.dumps(asdict(job)))
    _link(features, folder / FEATURES)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        others = tuple(_start(stack, folder, rank) for rank in range(1, size))
        meeting = Meeting(Group(0, size), others, folder)
        meeting.wait()
        stack.enter_context(_connected(folder, meeting.group, stage.trainer.on_gpu()))
        for process in others:
            stack.callback(_end, process)  # before the connection is closed, which might wait for them
        if stage.trainer.on_gpu():
            stack.enter_context(meeting.watched(lambda: distributed.group.WORLD.abort()))
        yield meeting


def _start(stack: ExitStack, folder: Path, rank: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "headway_lightning.rank", str(folder.absolute()), str(rank)]
    with (folder / f"log-{rank}").open("wb") as log:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=log, stderr=log)
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with suppress(BrokenPipeError):
        process.stdin.close()


@contextmanager
def _connected(folder: Path, group: Group, on_gpu: bool) -> Iterator[None]:
    """Meets the others through a file."""
    more: dict[str, Any] = {}
    if on_gpu:
        torch.cuda.set_device(group.rank)
        more = {"device_id": torch.device("cuda", group.rank)}
    with _loopback():
        distributed.init_process_group(
            "nccl" if on_gpu else "gloo", init_method=f"file://{(folder / MEETING).absolute()}",
            rank=group.rank, world_size=group.size, timeout=timedelta(seconds=BEGIN), **more,
        )  # fmt: skip
    try:
        yield
    finally:
        distributed.destroy_process_group()


@contextmanager
def _loopback() -> Iterator[None]:
    """Keeps gloo from listening to other machines, unless the user says where it is to listen."""
    if "GLOO_SOCKET_IFNAME" in os.environ:
        yield
        return
    os.environ["GLOO_SOCKET_IFNAME"] = "lo0" if sys.platform == "darwin" else "lo"
    try:
        yield
    finally:
        del os.environ["GLOO_SOCKET_IFNAME"]


def _link(features: Features, folder: Path) -> None:
    """Saves features for the other processes; arrays that are files already are linked, not copied."""
    splits = {split: features.source(split) for split in ("train", "validation")}
    bare = {split: Source({}, source.rows, source.views) for split, source in splits.items()}
    folder.mkdir()
    replace(features, sources=bare).save(folder)
    for split, source in splits.items():
        for name, array in source.arrays.items():
            path, whole = folder / "arrays" / split / f"{name}.npy", _file_of(array)
            if whole is None:
                np.save(path, array, allow_pickle=False)
            else:
                path.symlink_to(whole)


def _file_of(array: np.ndarray) -> Path | None:
    """The npy file that an array is, as `numpy.load` maps it."""
    if not isinstance(array, np.memmap) or array.filename is None:
        return None
    path = Path(str(array.filename)).absolute()
    with suppress(OSError, ValueError):
        known = np.load(path, mmap_mode="r", allow_pickle=False)
        same = (known.shape, known.dtype, known.strides, known.offset) == (
            array.shape, array.dtype, array.strides, array.offset,
        )  # fmt: skip
        return path if same else None
    return None


def _why(folder: Path, rank: int, code: int) -> Exception:
    """What a process said before it ended, or how it ended."""
    path = folder / f"failure-{rank}"
    if path.exists():
        told = json.loads(path.read_text())
        if told["code"] is not None:
            return DataError(told["what"], hint=told["hint"], code=told["code"])
        return RuntimeError(f"process {rank} of the training: {told['what']}\n{told['traceback']}")
    last = (folder / f"log-{rank}").read_text(errors="replace").strip().splitlines()[-3:]
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return DataError(
        f"process {rank} of the training died ({how}){': ' if last else ''}{' / '.join(last)}",
        hint="signal 9 usually means that memory ran out; the same command goes on from the last checkpoint",
        code="rank-died",
    )
