"""How many points a sampler has left."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway_optuna.samplers import Sampler
    from headway_optuna.space.space import Space


class Supply:
    """Counts the points of a finite space only as far as they are tried, for it may be very large.

    Args:
        sampler: What draws them.
        space: The space.
    """

    def __init__(self, sampler: Sampler, space: Space) -> None:
        supply = sampler.supply(space)
        self._points: Iterator[Any] | None = None if supply is None else iter(supply)
        self._sampler, self._enqueued = sampler, len(space.enqueue)
        self._tried: set[Hashable] = set()
        self._seen = 0

    def take(self, number: int, params: Mapping[str, Any]) -> None:
        """Counts a trial that was drawn."""
        enqueued = self._enqueued > 0
        self._enqueued -= enqueued
        if self._points is not None:
            self._tried.add(self._sampler.uses_up(number, params, enqueued))
            self._tried.discard(None)

    @property
    def is_finite(self) -> bool:
        """Whether there is an end of them."""
        return self._points is not None

    @property
    def is_used_up(self) -> bool:
        """Whether all points are drawn."""
        if self._points is None:
            return False
        while self._seen <= len(self._tried) and next(self._points, None) is not None:
            self._seen += 1
        return self._seen <= len(self._tried)
