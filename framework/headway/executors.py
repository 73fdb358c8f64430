"""Where tasks are executed: in this process, or in a warm worker process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from headway.task import Failure, Outcome, Task

if TYPE_CHECKING:
    from headway.plugins import Plugins
    from headway.worker import Events

GRACE = 10.0
"""Seconds a stage has to stop after it was asked to."""


class Executor(Protocol):
    """Executes tasks one after another; a context manager that frees what it holds."""

    def execute(self, task: Task, events: Events) -> Outcome:
        """Runs one task and returns its outcome; raises KeyboardInterrupt after cancelling it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Ends what is still running."""


class InProcess:
    """Executes tasks here: no start-up, no protection from a stage that crashes."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def execute(self, task: Task, events: Events) -> Outcome:
        """See `Executor`."""
        from headway.worker import execute

        outcome = execute(task, self._plugins, events)
        if outcome.status == "interrupted":
            raise KeyboardInterrupt
        return outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class WorkerProcess:
    """Executes tasks in one worker process, started for the first and kept warm for the next."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._events: Events | None = None

    def execute(self, task: Task, events: Events) -> Outcome:
        """See `Executor`. A worker that dies is an outcome of its own, told apart from a failed stage."""
        self._events = events
        process = self._start()
        try:
            self._send(task.to_json())
            return self._follow(process, task, events)
        except KeyboardInterrupt:
            self._cancel()
            raise

    def _start(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        reader, writer = os.pipe()
        command = [sys.executable, "-m", "headway.worker", str(writer)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            pass_fds=(writer,), text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        os.close(writer)
        self._lines = os.fdopen(reader, encoding="utf-8")
        threading.Thread(target=self._relay, args=(self._process,), daemon=True).start()
        return self._process

    def _relay(self, process: subprocess.Popen[str]) -> None:
        """Passes on what stages print."""
        for line in process.stdout or ():
            if self._events is not None and line.strip():
                self._events.output(line.rstrip())

    def _send(self, line: str) -> None:
        stdin = self._process.stdin if self._process else None
        if stdin is None:
            return
        with suppress(BrokenPipeError):  # the worker is dead; following its events tells how it died
            stdin.write(line + "\n")
            stdin.flush()

    def _follow(self, process: subprocess.Popen[str], task: Task, events: Events) -> Outcome:
        for line in self._lines:
            message = json.loads(line)
            if message["event"] == "outcome":
                return Outcome.from_dict(message["outcome"])
            _pass_on(message, events)
        return Outcome("failed", failure=_death(task, process.wait()))

    def _cancel(self) -> None:
        self._send("cancel")
        self._stop(GRACE)

    def _stop(self, grace: float) -> None:
        process = self._process
        if process is None:
            return
        try:
            if grace:
                self._drain(process, grace)
        finally:
            process.kill()
            process.wait()
            self._close(process)

    def _drain(self, process: subprocess.Popen[str], grace: float) -> None:
        timer = threading.Timer(grace, process.kill)
        timer.start()
        try:
            for line in self._lines:
                if json.loads(line)["event"] == "outcome":
                    break
        finally:
            timer.cancel()

    def _close(self, process: subprocess.Popen[str]) -> None:
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.close()
        self._lines.close()
        self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop(0.0)


def _pass_on(message: Mapping[str, object], events: Events) -> None:
    data = {name: value for name, value in message.items() if name != "event"}
    getattr(events, str(message["event"]))(**data)


def _death(task: Task, code: int) -> Failure:
    reason = f"signal {-code}" if code < 0 else f"exit code {code}"
    return Failure(
        f"the worker process of stage '{task.label}' died ({reason}); the stage itself reported nothing",
        "signal 9 usually means that memory ran out; the same command starts again from what is saved",
        "worker-died",
    )
