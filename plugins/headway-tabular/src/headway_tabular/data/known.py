"""When the columns of a table become known, also those that are made of others."""

from __future__ import annotations

from collections.abc import Mapping

from headway import DataError
from headway.contracts import Recipe, Window
from headway.errors import Place

AFTER = "after"
"""What `available_at` says of a column that is known only after the moment of prediction."""


def known_at(declared: Mapping[str, str], recipe: Recipe) -> dict[str, str]:
    """Column to when it is known: as declared, and as follows for what is made of such columns.

    What is made of one is known when that is; of several that are known at different times, only `AFTER`.

    Args:
        declared: Column to `AFTER`, or to the column of the time at which its value is known.
        recipe: How columns are made.

    Raises:
        DataError: A window takes a declared column of earlier rows as if it were known at their time.
    """
    known = dict(declared)
    for step in recipe.steps:
        if isinstance(step, Window) and _is_rash(step, known):
            raise DataError(
                f"data.windows.{step.name} takes '{step.of}' from its row's time on, when it is not yet known "
                f"(data.available_at)",
                hint="say since when: known_at: COLUMN, or how much later: delay: 3h",
                where=Place(f"data.windows.{step.name}"),
                code="window-known",
            )
        times = {known[name] for name in step.takes() if name in known}
        if times:
            made = set(step.gives()).difference(step.takes(), declared)
            known |= dict.fromkeys(made, times.pop() if len(times) == 1 else AFTER)
    return known


def _is_rash(window: Window, known: Mapping[str, str]) -> bool:
    """Whether it takes a value that is known later at its row's time, no word being said of when it is known."""
    says = window.known or window.event_time not in (None, window.time) or window.delay != "0s"
    return window.table is None and window.of in known and not says
