"""Work on what is there, while what comes next is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items in their order; one is made on another thread while the caller works on the one before.

    What making an item raises is raised where it would have come.
    """
    remaining, end = iter(items), object()
    with ThreadPoolExecutor(1) as maker:
        waiting = maker.submit(next, remaining, end)
        while (item := waiting.result()) is not end:
            waiting = maker.submit(next, remaining, end)
            yield item  # type: ignore[misc]  # it is not the end
