"""Whether the columns of a batch can be read as the predictor needs them: every fault, counted and placed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from headway.contracts import Misread, refuse_misread
from headway.errors import DataError
from headway.naming import nearest


@dataclass
class Faults:
    """The faults of a whole file, gathered batch by batch.

    Attributes:
        found: Column name to its fault.
    """

    found: dict[str, Misread] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, faults: Iterable[Misread], before: int) -> None:
        """Adds those of a batch before which `before` rows came."""
        for fault in faults:
            first = self.found.get(fault.column.name, replace(fault, count=0, row=before + fault.row))
            self.found[fault.column.name] = replace(first, count=first.count + fault.count)

    def refuse(self) -> None:
        """Raises `DataError` with all faults, if there are any."""
        refuse_misread(tuple(self.found.values()))


def require(needed: Sequence[str], given: Sequence[str], what: str) -> None:
    """Raises `DataError` that names every column of `needed` that is not `given`, and the nearest that is."""
    missing = [name for name in needed if name not in given]
    if not missing:
        return
    told = []
    for name in missing:
        close = nearest(name, given)
        told.append(f"'{name}'" + (f" (did you mean '{close}'?)" if close else ""))
    raise DataError(
        f"{what} lacks {len(missing)} column(s): {', '.join(told)}",
        hint=f"it has: {', '.join(given) or 'none'}",
        code="columns",
    )
