"""Where tasks are executed: in this process, or in warm worker processes."""

from __future__ import annotations

import itertools
import math
import os
import selectors
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from headway.task import Outcome, Task

if TYPE_CHECKING:
    from headway.plugins import Plugins
    from headway.process import Worker
    from headway.worker import Events

GRACE = 10.0
"""Seconds that stages have to stop after they were asked to."""
PULSE = 0.5
"""Seconds after which a worker that is silent is looked at: a child of it may hold its pipes open after its death."""
CUDA = "CUDA_VISIBLE_DEVICES"
NVIDIA = Path("/proc/driver/nvidia/gpus")
"""Where the driver lists the machine's GPUs."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS",
           "RAYON_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")  # fmt: skip
"""What the libraries of the field read for their number of threads."""


class Executor(Protocol):
    """Executes tasks; a context manager that frees what it holds. All calls come from one thread."""

    slots: int
    """How many tasks it may be given at once."""

    def start(self, task: Task, events: Events) -> None:
        """Begins a task; there must be a free slot."""

    def wait(self, seconds: float | None = None) -> tuple[Task, Outcome] | None:
        """Tells events of the tasks that were begun, until one of them ends or the time is over."""

    def stop(self, key: str) -> None:
        """Prunes a task that was begun, as soon as it reports; nothing happens if it has ended."""

    def cancel(self) -> Iterator[tuple[Task, Outcome]]:
        """Asks all tasks to stop and gives their outcomes; those that take too long are ended."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Ends what is still running."""


class InProcess:
    """Executes one task at a time, here: no start-up, no protection from a stage that crashes."""

    slots = 1

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._begun: deque[tuple[Task, Events]] = deque()
        self._stopped: set[str] = set()

    def start(self, task: Task, events: Events) -> None:
        """See `Executor`."""
        self._stopped.discard(task.key)  # an earlier task that does the same was meant
        self._begun.append((task, events))

    def wait(self, seconds: float | None = None) -> tuple[Task, Outcome]:
        """See `Executor`; it takes as long as the task. An interrupt leaves that begun, for `cancel` to tell."""
        from headway.worker import Prunable, execute

        task, events = self._begun[0]
        outcome = execute(task, self._plugins, Prunable(task.key, events, self._stopped))
        self._begun.popleft()
        return task, outcome

    def stop(self, key: str) -> None:
        """See `Executor`."""
        self._stopped.add(key)

    def cancel(self) -> Iterator[tuple[Task, Outcome]]:
        """See `Executor`."""
        while self._begun:
            yield self._begun.popleft()[0], Outcome("interrupted")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class WorkerProcesses:
    """Executes tasks in worker processes, started when they are needed and kept warm for the next task.

    Args:
        slots: How many processes there may be.
        threads: CPU threads of each; None shares the processors among them, where the user has said nothing.
        gpus: GPUs that each sees, taken in turn from those that this process sees; all of them by default.
        keep: How many inputs stay in the memory of each from one task to the next.
    """

    def __init__(self, slots: int = 1, threads: int | None = None, gpus: int | None = None, keep: int = 0) -> None:
        self.slots = slots
        self._environment = os.environ | limits(slots, threads)
        self._gpus = shares(visible_gpus(), slots, gpus) if gpus else ()
        self._keep = keep
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()

    def start(self, task: Task, events: Events) -> None:
        """See `Executor`."""
        worker = next((worker for worker in self._workers if worker.task is None), None)
        (worker or self._new()).begin(task, events)

    def _new(self) -> Worker:
        from headway.process import Worker

        worker = Worker(self._environment | self._share(), self._keep)
        self._workers.append(worker)
        for descriptor in worker.descriptors:
            self._selector.register(descriptor, selectors.EVENT_READ, worker)
        return worker

    def _share(self) -> dict[str, str]:
        """The GPUs of the next worker: those that the fewest of the living have."""
        if not self._gpus:
            return {}
        taken = [worker.gpus for worker in self._workers]
        return {CUDA: min(self._gpus, key=taken.count)}

    def wait(self, seconds: float | None = None) -> tuple[Task, Outcome] | None:
        """See `Executor`. A worker that dies is an outcome of its own, told apart from a failed stage."""
        end = math.inf if seconds is None else time.monotonic() + seconds
        while True:
            ended = self._look(max(0.0, min(PULSE, end - time.monotonic())))
            if ended is not None or time.monotonic() >= end:
                return ended

    def stop(self, key: str) -> None:
        """See `Executor`."""
        for worker in self._workers:
            if worker.task is not None and worker.task.key == key:
                worker.stop()

    def _look(self, seconds: float) -> tuple[Task, Outcome] | None:
        """What ends within some seconds; events are told on the way."""
        ready = self._selector.select(seconds)
        for entry, _ in ready:
            ended = entry.data.read(entry.fd)
            if ended is not None:
                return self._ended(entry.data, ended)
        for worker in self._workers if not ready else ():
            ended = worker.pulse()
            if ended is not None:
                return self._ended(worker, ended)
        return None

    def _ended(self, worker: Worker, ended: tuple[Task, Outcome]) -> tuple[Task, Outcome]:
        if not worker.alive:
            self._forget(worker)
        return ended

    def _forget(self, worker: Worker) -> None:
        self._workers.remove(worker)
        for descriptor in worker.descriptors:
            self._selector.unregister(descriptor)
        worker.end()

    def cancel(self) -> Iterator[tuple[Task, Outcome]]:
        """See `Executor`."""
        for worker in self._workers:
            worker.cancel()
        end = time.monotonic() + GRACE
        while any(worker.task for worker in self._workers) and time.monotonic() < end:
            ended = self._look(max(0.0, min(PULSE, end - time.monotonic())))
            if ended is not None:
                yield ended
        for worker, task in [(worker, worker.task) for worker in self._workers if worker.task]:
            self._forget(worker)
            yield task, Outcome("interrupted")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in list(self._workers):
            self._forget(worker)
        self._selector.close()


def limits(slots: int, threads: int | None) -> dict[str, str]:
    """The environment that bounds the threads of each of several workers.

    One worker without a bound has the whole machine, as the libraries see it. What the user has set counts for more
    than an even share, and less than a number in the config.
    """
    if threads is not None:
        return dict.fromkeys(THREADS, str(threads))
    share = str(max(1, processors() // slots))
    return {name: share for name in THREADS if name not in os.environ} if slots > 1 else {}


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA names them."""
    said = os.environ.get(CUDA)
    if said is not None:
        return [name.strip() for name in said.split(",") if name.strip() not in ("", "-1")]
    return [str(index) for index, _ in enumerate(sorted(NVIDIA.glob("*")))]


def shares(gpus: Sequence[str], slots: int, each: int) -> tuple[str, ...]:
    """What each slot sees, in the form of CUDA's variable; several share a GPU where there are not enough.

    Args:
        gpus: The GPUs there are.
        slots: How many processes use them.
        each: How many GPUs a process sees, at most all.
    """
    taken = itertools.cycle(gpus)
    wanted = min(each, len(gpus))
    return tuple(",".join(itertools.islice(taken, wanted)) for _ in range(slots)) if gpus else ()


def processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
