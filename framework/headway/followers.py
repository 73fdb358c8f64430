"""Trackers at work: each follows its runs from a thread of its own, so that none can slow or stop a run."""

from __future__ import annotations

import queue
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.tracker import TrackedRun, TrackedStage, Tracker, Tracking

PATIENCE = 120.0
"""Seconds that a tracker has at the end of a command to send what it still holds."""
Event = Callable[["Tracking"], None]


class Follower:
    """One tracker following one run.

    Args:
        name: The tracker's registered name, for the warning.
        tracker: What to open.
        run: The run to open it with.
    """

    def __init__(self, name: str, tracker: Tracker, run: TrackedRun) -> None:
        self._name = name
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._follow, args=(tracker, run), name=f"tracker-{name}", daemon=True)
        self._thread.start()

    def tell(self, event: Event) -> None:
        """Queues an event; returns at once."""
        self._events.put(event)

    def finish(self) -> None:
        """Says that no more events come."""
        self._events.put(None)

    @property
    def is_at_work(self) -> bool:
        """Whether there is something that it has not been told yet, or has not come to an end with."""
        return self._thread.is_alive()

    def join(self, deadline: float) -> None:
        """Waits until all events are delivered, or until a moment of `time.monotonic`; then that is a warning."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            self._warn("it did not finish in time; what it still held may be lost")

    def _follow(self, tracker: Tracker, run: TrackedRun) -> None:
        try:
            tracking = tracker.open(run)
            while (event := self._events.get()) is not None:
                event(tracking)
        except Exception as error:  # noqa: BLE001 - a tracker's failure must not stop a run
            self._warn(f"{type(error).__name__}: {error}")

    def _warn(self, what: str) -> None:
        warnings.warn(f"tracker {self._name}: {what} (the run goes on without it)", stacklevel=2)


class Followers:
    """All trackers of one run; what it is told, as a `headway.tracker.Tracking`, it tells each of them later."""

    def __init__(self) -> None:
        self._followers: list[Follower] = []

    def open(self, trackers: Mapping[str, Tracker], run: TrackedRun) -> None:
        """Sets trackers, by their registered names, on a run."""
        for name, tracker in trackers.items():
            self._followers.append(Follower(name, tracker, run))  # one by one: if no thread can begin, others are known

    def stage_started(self, stage: str) -> None:
        """See `Tracking`."""
        self._tell(lambda tracking: tracking.stage_started(stage))

    def metrics(self, stage: str, step: int | None, metrics: Mapping[str, float]) -> None:
        """See `Tracking`."""
        self._tell(lambda tracking: tracking.metrics(stage, step, metrics))

    def stage_finished(self, stage: TrackedStage) -> None:
        """See `Tracking`."""
        self._tell(lambda tracking: tracking.stage_finished(stage))

    def close(self, status: str, metrics: Mapping[str, float]) -> None:
        """See `Tracking`; the last event."""
        self._tell(lambda tracking: tracking.close(status, metrics))
        for follower in self._followers:
            follower.finish()

    @property
    def are_at_work(self) -> bool:
        """Whether one of them has not come to an end."""
        return any(follower.is_at_work for follower in self._followers)

    def join(self, deadline: float) -> None:
        """Waits for every tracker, all of them no longer than a moment of `time.monotonic`."""
        for follower in self._followers:
            follower.join(deadline)

    def _tell(self, event: Event) -> None:
        for follower in self._followers:
            follower.tell(event)
