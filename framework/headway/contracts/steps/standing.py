"""Which record of a table stands at a moment: found once, looked up by any number of rows."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from headway.contracts.steps.timeline import Timeline

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Records:
    """The records of a table, in its order.

    Attributes:
        codes: The number of each one's key (int64).
        times: What moment each is about (int64 microseconds).
        known: From which moment on it is known.
    """

    codes: np.ndarray
    times: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Standing:
    """A step function of time for each key.

    Attributes:
        steps: Where it changes.
        records: The position of the record that stands from there on; -1 for none.
    """

    steps: Timeline
    records: np.ndarray

    @classmethod
    def backward(cls, records: Records, apart: int) -> Self:
        """The known record with the largest time, at least `apart` microseconds ago.

        Of equal times the one known latest, then the last. A record counts from ``max(known, time + apart)``
        on, so the best of those that count is a running maximum.
        """
        import numpy as np

        size = len(records.times)
        best_last = np.lexsort((records.known, records.times))
        rank = np.empty(size, np.int64)
        rank[best_last] = np.arange(size)
        since = np.maximum(records.known, records.times + apart)
        order = np.lexsort((since, records.codes))
        codes = records.codes[order]
        best = np.maximum.accumulate(codes * size + rank[order]) - codes * size
        return cls(Timeline.of(codes, since[order]), best_last[best])

    @classmethod
    def forward(cls, records: Records, apart: int) -> Self:
        """The known record with the smallest time, at least `apart` microseconds ahead; ties as in `backward`."""
        import numpy as np

        changes = np.array(list(_changes(records, apart)), dtype=np.int64).reshape(-1, 3)
        return cls(Timeline.of(changes[:, 0], changes[:, 1]), changes[:, 2])

    def at(self, codes: np.ndarray, times: np.ndarray) -> np.ndarray:
        """The position of the record that stands at each moment of a key (int64); -1 for none."""
        import numpy as np

        last = self.steps.before(codes, times + 1) - 1
        there = (codes >= 0) & (last >= self.steps.start(codes))
        if not len(self.records):
            return np.full(len(codes), -1)
        return np.where(there, self.records[last], -1)


def _changes(records: Records, apart: int) -> Iterator[tuple[int, int, int]]:
    """(code, moment, record) wherever another record comes to stand, by code and moment.

    A sweep over the moments at which a record becomes known or passes, with a heap of those that are known.
    """
    import numpy as np

    alive = np.flatnonzero(records.known <= records.times - apart)  # the others were known too late to be ahead
    alive = alive[np.argsort(records.codes[alive], kind="stable")]
    bounds = np.flatnonzero(np.diff(records.codes[alive])) + 1
    for group in np.split(alive, bounds):
        if len(group):
            code = int(records.codes[group[0]])
            yield from ((code, moment, record) for moment, record in _sweep(records, group, apart))


def _sweep(records: Records, group: np.ndarray, apart: int) -> Iterator[tuple[int, int]]:
    import numpy as np

    times, known = records.times[group].tolist(), records.known[group].tolist()
    positions = group.tolist()
    coming = np.argsort(records.known[group], kind="stable").tolist()
    heap: list[tuple[int, int, int]] = []
    following = 0
    for moment in sorted({*known, *(time - apart + 1 for time in times)}):
        while following < len(coming) and known[coming[following]] <= moment:
            at = coming[following]
            heapq.heappush(heap, (times[at], -known[at], -positions[at]))
            following += 1
        while heap and heap[0][0] - apart < moment:
            heapq.heappop(heap)
        yield moment, -heap[0][2] if heap else -1
