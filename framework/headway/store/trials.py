"""What the journal of a study says of its trials, as far as the store needs it.

Each event has ``event``, its kind; those of a trial have ``trial``, its number. ``ask`` begins one, with the overrides
that make its config as ``words``; ``begin`` names a ``run`` of it, and as ``folds`` the runs of its further folds;
``tell`` gives its ``state``; ``final`` names the ``run`` of the best one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FINISHED = ("complete", "pruned")
"""States that count."""

Events = Sequence[Mapping[str, Any]]


def words(events: Events) -> dict[int, tuple[str, ...]]:
    """Trial to the overrides that make its config."""
    return {event["trial"]: tuple(event["words"]) for event in events if event.get("event") == "ask"}


def finished(events: Events) -> int:
    """How many trials count."""
    states = {event["trial"]: event["state"] for event in events if event.get("event") == "tell"}
    return sum(state in FINISHED for state in states.values())


def runs(events: Events, *kinds: str) -> set[str]:
    """The ids of runs that events of some kinds name."""
    named = [event for event in events if event.get("event") in kinds and event.get("run")]
    return {run for event in named for run in (event["run"], *event.get("folds", ()))}


def faults(events: Events) -> Iterator[str]:
    """One sentence for each event that cannot follow those before it."""
    asked: set[Any] = set()
    for line, event in enumerate(events, start=1):
        kind, number = event.get("event"), event.get("trial")
        if kind is None or (kind == "ask" and not isinstance(number, int)):
            yield f"line {line} is no event"
        elif kind == "ask" and number in asked:
            yield f"line {line} asks for trial {number} again"
        elif number is not None and kind != "ask" and number not in asked:
            yield f"line {line} tells of trial {number}, which was not asked for"
        elif kind == "ask":
            asked.add(number)
