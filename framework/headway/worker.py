"""Executes one `Task`: lock, look again, run, save atomically, unlock.

The same function serves the runner in its own process and ``python -m headway.worker``, which takes
tasks as lines of JSON on standard input and answers with lines of JSON on a descriptor of its own, so
that whatever a stage prints cannot disturb them. A worker ends at once when its standard input closes:
a controller that was killed leaves no worker behind.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from headway.allocator import give_back, keep_freed
from headway.contracts.adapters import adapter_of
from headway.errors import HeadwayError, Pruned, StageError, room_in
from headway.progress import Progress, Throttle
from headway.stage import Context
from headway.task import Failure, Outcome, Task
from headway.watched import Watch, sha256

if TYPE_CHECKING:
    from headway.plugins import Plugins
    from headway.stage import Stage
    from headway.store import ArtifactStore


IDLE = 1.0
"""Seconds without a task after which the process keeps no freed memory."""


class Events(Protocol):
    """Where news of a running task go."""

    def waiting(self) -> None:
        """Another process holds the lock of this task's key."""

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics; raises `Pruned` if the task is to stop."""

    def progress(self, progress: Progress) -> None:
        """How far the stage is."""

    def output(self, text: str) -> None:
        """A line that was logged."""


def execute(
    task: Task,
    plugins: Plugins,
    events: Events,
    cancelled: threading.Event | None = None,
    loaded: Loaded | None = None,
) -> Outcome:
    """Runs a task unless its result is there, or another process makes it meanwhile.

    Args:
        task: What to run.
        plugins: Where its stage is registered.
        events: Told what happens.
        cancelled: Set by the caller to ask the stage to stop.
        loaded: Keeps inputs from one task to the next.

    Returns:
        The outcome; every exception of the stage but an interrupt becomes a `Failure`.
    """
    start = time.monotonic()
    try:
        outcome = _locked(task, plugins, events, cancelled or threading.Event(), loaded or Loaded())
    except Pruned:
        outcome = Outcome("pruned")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stage may raise anything; it is told by name
        outcome = Outcome("failed", failure=_failure(task, plugins, error))
    seconds = time.monotonic() - start
    return Outcome(outcome.status, seconds, outcome.digest, outcome.metrics, outcome.failure)


def _locked(task: Task, plugins: Plugins, events: Events, cancelled: threading.Event, loaded: Loaded) -> Outcome:
    from headway.store import KeyLock, open_store

    opened = open_store(Path(task.store))
    store = opened.artifacts
    with opened.in_use(), KeyLock(Path(task.store), task.key, on_wait=events.waiting):
        entry = None if task.fresh else store.find(task.key)
        if entry is not None:
            return Outcome("cached", digest=entry.digest, metrics=entry.metrics)
        inputs = {name: loaded.of(store, value, plugins) for name, value in task.inputs.items()}
        try:
            return _run(task, plugins, store, inputs, events, cancelled)
        except Pruned:  # it goes on nowhere, so its checkpoints only fill the disk
            store.discard_work(task.key)
            raise


def _run(
    task: Task,
    plugins: Plugins,
    store: ArtifactStore,
    inputs: Mapping[str, Any],
    events: Events,
    cancelled: threading.Event,
) -> Outcome:
    _check_unchanged(task)
    stage = build_stage(task, plugins)
    work = store.work_folder(task.key)
    recorder = _Recorder(events)
    with ExitStack() as stack:
        log = stack.enter_context(_Logging(task.label, events)).logger
        project = Path(task.project) if task.project else None
        context = Context(task.name, work, plugins.registry, recorder, log=log, cancelled=cancelled, project=project)
        with room_in(work):
            artifact = stage.run(context, **inputs)
    if cancelled.is_set():
        return Outcome("interrupted")
    try:
        _check_unchanged(task)
    except StageError:  # its checkpoints belong to the key as little as its result
        store.discard_work(task.key)
        raise
    entry = store.save(
        task.key, artifact, metrics=recorder.metrics, history=recorder.history, components=task.components
    )
    store.discard_work(task.key)
    return Outcome("done", digest=entry.digest, metrics=entry.metrics)


def _check_unchanged(task: Task) -> None:
    """Refuses what may have been made by other files than the key says: it would be a wrong hit ever after."""
    path = next(_watch.changed(task.watched, task.components), None)
    if path is not None:
        inside = task.project is not None and path.is_relative_to(task.project)
        raise StageError(
            f"{path.relative_to(task.project or '') if inside else path} changed while the run worked",
            hint="nothing of this stage was saved, for it may be a mixture; run again",
            code="changed-meanwhile",
        )


def _syntax(path: Path) -> str:
    from headway.planning.modules import syntax_of  # a worker that meets no change needs nothing of planning

    return syntax_of(path)


_watch = Watch({"source": _syntax, "content": sha256})
"""Of the modules of this process."""


def build_stage(task: Task, plugins: Plugins) -> Stage:
    """The stage with the task's values as its fields."""
    adapter = adapter_of(plugins.registry.get(task.kind, task.use))
    stage: Stage = adapter.validate_json(json.dumps(task.values), strict=True)
    return stage


class Loaded:
    """Artifacts that a process has at hand: tasks of a sweep share most of their inputs.

    Args:
        most: How many are kept: those that were asked for last.
    """

    def __init__(self, most: int = 0) -> None:
        self._most = most
        self._found: dict[tuple[str, int], Any] = {}

    def of(self, store: ArtifactStore, digests: Any, plugins: Plugins) -> Any:
        """The artifact of a digest; of several, all, in the same form."""
        if isinstance(digests, Mapping):
            return {name: self.of(store, digest, plugins) for name, digest in digests.items()}
        if not isinstance(digests, str):
            return tuple(self.of(store, digest, plugins) for digest in digests)
        key = (digests, id(plugins))
        found = self._found.pop(key, None) or store.load(digests, plugins.registry)
        self._found[key] = found
        while len(self._found) > self._most:
            del self._found[next(iter(self._found))]
        return found


class _Recorder:
    def __init__(self, events: Events) -> None:
        self._events = events
        self._throttle = Throttle()
        self.metrics: dict[str, float] = {}
        self.history: list[tuple[int, dict[str, float]]] = []

    def report(self, step: int, metrics: Mapping[str, float]) -> None:
        values = _finite(metrics)
        self.history.append((step, values))
        self._events.step(step, values)

    def progress(self, done: float, total: float, unit: str, at_most: bool, note: str) -> None:
        if self._throttle.open() and (progress := Progress.of(done, total, unit, at_most, note)) is not None:
            self._events.progress(progress)

    def record(self, metrics: Mapping[str, float]) -> None:
        self.metrics |= _finite(metrics)


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Plain floats; those that are not finite are left out, for JSON and SQL have no word for them."""
    values = {name: float(value) for name, value in metrics.items()}
    return {name: value for name, value in values.items() if abs(value) < float("inf")}


class _Logging:
    """The logger of one stage, whose records become events while the stage runs."""

    def __init__(self, label: str, events: Events) -> None:
        self.logger = logging.getLogger(f"headway.stage.{label}")
        self._handler = logging.Handler(logging.INFO)
        self._handler.emit = lambda record: events.output(record.getMessage())  # type: ignore[method-assign]

    def __enter__(self) -> _Logging:
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        self.logger.addHandler(self._handler)
        return self

    def __exit__(self, *_: object) -> None:
        self.logger.removeHandler(self._handler)


def _failure(task: Task, plugins: Plugins, error: BaseException) -> Failure:
    entry = next((e for e in plugins.registry if (e.kind, e.name) == (task.kind, task.use)), None)
    who = f"stage '{task.label}' ({task.use}, plugin {_plugin(plugins, entry.plugin if entry else '?')})"
    if isinstance(error, HeadwayError):
        return Failure(f"{who}: {error.what}", error.hint, error.code, where=error.where)
    text = "".join(traceback.format_exception(error))
    place = _place(traceback.extract_tb(error.__traceback__))
    what = f"{who} failed: {type(error).__name__}: {error} [{Path(place.filename).name}:{place.lineno}]"
    return Failure(what, None, "stage-failed", text)


def _place(frames: Sequence[traceback.FrameSummary]) -> traceback.FrameSummary:
    """The innermost line that is no library's, where there is one: the author's own says more than torch's."""
    return next((frame for frame in reversed(frames) if not _is_library(frame.filename)), frames[-1])


def _is_library(name: str) -> bool:
    """Whether code is an installed package's, or Python's own, which may be frozen (``<frozen os>``)."""
    path = Path(name)
    return name.startswith("<") or "site-packages" in path.parts or path.is_relative_to(Path(traceback.__file__).parent)


def _plugin(plugins: Plugins, name: str) -> str:
    info = next((i for i in plugins.infos if i.name == name), None)
    return f"{info.distribution} {info.version}".strip() if info else name


@dataclass(frozen=True)
class Prunable:
    """The events of a task that may be pruned.

    Attributes:
        key: The task's key.
        events: Told what happens.
        stopped: The keys of tasks that are to stop when they report.
    """

    key: str
    events: Events
    stopped: Collection[str]

    def waiting(self) -> None:
        """See `Events`."""
        self.events.waiting()

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        """See `Events`."""
        self.events.step(step, metrics)
        if self.key in self.stopped:
            raise Pruned

    def progress(self, progress: Progress) -> None:
        """See `Events`."""
        self.events.progress(progress)

    def output(self, text: str) -> None:
        """See `Events`."""
        self.events.output(text)


class _Pipe:
    """Events as lines of JSON."""

    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "w", encoding="utf-8")
        self._lock = threading.Lock()

    def send(self, event: str, **data: Any) -> None:
        with self._lock:
            self._stream.write(json.dumps({"event": event, **data}) + "\n")
            self._stream.flush()

    def waiting(self) -> None:
        self.send("waiting")

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        self.send("step", step=step, metrics=dict(metrics))

    def progress(self, progress: Progress) -> None:
        self.send("progress", progress=asdict(progress))

    def output(self, text: str) -> None:
        self.send("output", text=text)


def main(descriptor: int, keep: int = 0) -> None:
    """Serves tasks from standard input until it closes.

    Args:
        descriptor: An open file descriptor to write events to.
        keep: How many inputs stay in memory from one task to the next.
    """
    from headway.plugins import blocked, load

    os.set_inheritable(descriptor, False)
    pipe = _Pipe(descriptor)
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    cancelled, stopped = threading.Event(), set[str]()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the controller decides what Ctrl-C means
    signal.signal(signal.SIGTERM, lambda *_: cancelled.set())
    threading.Thread(target=_listen, args=(tasks, cancelled, stopped), daemon=True).start()
    keep_freed()
    plugins: dict[str | None, Plugins] = {}
    loaded = Loaded(keep)
    while True:
        task = _next(tasks)
        if task.project not in plugins:
            plugins[task.project] = load(Path(task.project) if task.project else None, blocked())
        try:
            events = Prunable(task.key, pipe, stopped)
            outcome = execute(task, plugins[task.project], events, cancelled, loaded)
        except KeyboardInterrupt:  # how a stage says that it stopped when it was asked to
            outcome = Outcome("interrupted")
        _flush()
        pipe.send("outcome", outcome=outcome.to_dict())


def _flush() -> None:
    """What a stage has printed is its own: it comes before its outcome, not with the next task."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a stage may have closed it
            stream.flush()


def _next(tasks: queue.SimpleQueue[Task]) -> Task:
    """The next task; a worker that has none for a while gives back the memory that the last one has freed."""
    try:
        return tasks.get(timeout=IDLE)
    except queue.Empty:
        give_back()
        return tasks.get()


def _listen(tasks: queue.SimpleQueue[Task], cancelled: threading.Event, stopped: set[str]) -> None:
    for line in sys.stdin:
        if line.strip() == "cancel":
            cancelled.set()
        elif line.startswith("stop "):
            stopped.add(line.split()[1])
        else:
            task = Task.from_json(line)
            stopped.discard(task.key)  # such a word was meant for an earlier task that does the same
            tasks.put(task)
    _end()


def _end() -> None:
    """The controller is gone: nothing may go on without it, nor what stages have started."""
    if os.getpgrp() == os.getpid():  # otherwise the group is not this process's own
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
