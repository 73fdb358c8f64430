"""One worker process, seen from the controller: it is given a task, and its pipes are read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from headway.progress import Progress
from headway.task import Failure, Outcome, Task

if TYPE_CHECKING:
    from headway.worker import Events

CHUNK = 65_536


class Worker:
    """A process that executes one task after another.

    Args:
        environment: Its environment variables.
        keep: How many inputs stay in its memory from one task to the next.

    Attributes:
        task: What it is at, or None.
        alive: Whether it can be given another task.
        descriptors: What to watch for reading: its events, and what its stages print.
        gpus: The GPUs that it sees, if that was said.
    """

    def __init__(self, environment: Mapping[str, str], keep: int = 0) -> None:
        events, writer = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "headway.worker", str(writer), str(keep)], env=environment, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=(writer,),
        )  # fmt: skip
        os.close(writer)
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        self._events, self._printed = events, self._process.stdout.fileno()
        self.descriptors = (self._events, self._printed)
        for descriptor in self.descriptors:
            os.set_blocking(descriptor, False)
        self._rest = dict.fromkeys(self.descriptors, b"")
        self._listener: Events | None = None
        self.gpus = environment.get("CUDA_VISIBLE_DEVICES", "")
        self.task: Task | None = None
        self.alive = True
        self._killed = False

    def begin(self, task: Task, events: Events) -> None:
        """Gives it a task."""
        self.task, self._listener = task, events
        self._send(task.to_json())

    def cancel(self) -> None:
        """Asks the task to stop."""
        if self.task is not None:
            self._send("cancel")

    def stop(self) -> None:
        """Asks the task to end when it reports; a word that comes too late is meant for no other task."""
        if self.task is not None:
            self._send(f"stop {self.task.key}")

    def read(self, descriptor: int) -> tuple[Task, Outcome] | None:
        """Tells what has come in; the outcome if the task has ended."""
        lines, closed = self._lines(descriptor)
        if descriptor == self._printed:
            self._relay(lines)
            return None
        for line in lines:
            message = json.loads(line)
            if message["event"] == "outcome":
                return self._ended(Outcome.from_dict(message["outcome"]))
            if self._listener is not None:
                _tell(self._listener, **message)
        return self._dead() if closed else None

    def pulse(self) -> tuple[Task, Outcome] | None:
        """The outcome of a task whose process has died without closing its pipes."""
        if self._process.poll() is None:
            return None
        return self.read(self._events) or self._dead()

    def _lines(self, descriptor: int) -> tuple[list[str], bool]:
        """Whole lines that can be read now, and whether the pipe is closed."""
        closed, parts = False, [self._rest[descriptor]]
        with suppress(BlockingIOError):
            while chunk := os.read(descriptor, CHUNK):
                parts.append(chunk)
            closed = True
        *lines, self._rest[descriptor] = b"".join(parts).split(b"\n")
        return [line.decode(errors="replace") for line in lines], closed

    def _relay(self, lines: list[str]) -> None:
        for line in _visible(lines):
            if self._listener is not None:
                self._listener.output(line)

    def _dead(self) -> tuple[Task, Outcome] | None:
        self.alive = False
        self._kill()  # it may live on without its pipe
        if self.task is None:
            return None
        return self._ended(Outcome("failed", failure=_death(self.task, self._process.wait())))

    def _ended(self, outcome: Outcome) -> tuple[Task, Outcome]:
        assert self.task is not None  # noqa: S101 - only a task has outcomes
        self._drain()
        task, self.task = self.task, None
        return task, outcome

    def _drain(self) -> None:
        """Relays all that the task has printed; its last line may lack an end, which nobody will write any more."""
        lines, _ = self._lines(self._printed)
        rest, self._rest[self._printed] = self._rest[self._printed], b""
        self._relay([*lines, rest.decode(errors="replace")])

    def _kill(self) -> None:
        """Kills the process and all that its stages started, once: later its number may be another's."""
        if not self._killed:
            self._killed = True
            with suppress(ProcessLookupError, PermissionError):  # they are gone, or on macOS about to be
                os.killpg(self._process.pid, signal.SIGKILL)

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        with suppress(BrokenPipeError):  # it is dead; reading its events tells how it died
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """Ends the process and what it started, whatever they do."""
        self._kill()
        self._process.wait()
        if self.task is not None:
            self._drain()
        with suppress(BrokenPipeError):
            self._process.__exit__(None, None, None)
        os.close(self._events)


def _tell(listener: Events, event: str, **data: Any) -> None:
    """An event as it came through the pipe."""
    if event == "progress":
        listener.progress(Progress(**data["progress"]))
    else:
        getattr(listener, event)(**data)


def _visible(lines: list[str]) -> Iterator[str]:
    """Lines without the parts that a progress bar wrote over."""
    for line in lines:
        text = line.rstrip("\r").rpartition("\r")[2].rstrip()
        if text:
            yield text


def _death(task: Task, code: int) -> Failure:
    reason = f"signal {-code}" if code < 0 else f"exit code {code}"
    return Failure(
        f"the worker process of stage '{task.label}' died ({reason}); the stage itself reported nothing",
        "signal 9 usually means that memory ran out; the same command starts again from what is saved",
        "worker-died",
    )
