"""`periodic`: parts of a timestamp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import MinLen
from headway import DataError

from headway_tabular.transforms.base import MISSING, Block, Fit, Fitted, Kind, Transform

Part = Literal["second", "minute", "hour", "weekday", "day", "month", "year"]

LABELS: dict[str, tuple[str, ...]] = {
    "second": tuple(map(str, range(60))),
    "minute": tuple(map(str, range(60))),
    "hour": tuple(map(str, range(24))),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "day": tuple(map(str, range(1, 32))),
    "month": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
}  # fmt: skip
"""The parts that come round, and what their values are called."""


@dataclass(frozen=True)
class Periodic(Transform):
    """Timestamps become parts of the calendar, such as the hour and the weekday.

    They are exact for the years 1 to 9999. A missing time gives missing numbers, or a code of its own, the last.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("time",)
    learns: ClassVar[bool] = False

    parts: Annotated[tuple[Part, ...], MinLen(1)] = ("hour", "weekday", "month")
    """Which parts: `weekday` counts from Monday as 0, `day` is that of the month."""
    encode: Literal["circle", "code", "number"] = "circle"
    """`circle`: sine and cosine, so that the last hour is beside the first; `code`: categories; `number`: the part
    itself. A year only has a number."""

    def __post_init__(self) -> None:
        if "year" in self.parts and self.encode != "number":
            raise DataError(
                f"periodic: a year does not come round, so it has no {self.encode}",
                hint="give it a step of its own: {periodic: {parts: [year], encode: number}}",
                code="periodic-year",
            )

    def fit(self, fit: Fit) -> Fitted:
        """Nothing is learnt."""
        from headway_tabular.transforms.modules import times

        names = tuple(f"{name}_{part}" for name in fit.block.names for part in self.parts)
        if self.encode == "number":
            return Fitted(Block("number", names), times.Numbers(self.parts))
        least = [1 if part in ("day", "month") else 0 for part in self.parts]
        sizes = [len(LABELS[part]) for part in self.parts]
        if self.encode == "code":
            categories = tuple((*LABELS[part], MISSING) for _ in fit.block.names for part in self.parts)
            return Fitted(Block("code", names, categories), times.Codes(self.parts, least, sizes))
        both = tuple(f"{name}_{function}" for name in names for function in ("sin", "cos"))
        return Fitted(Block("number", both), times.Circle(self.parts, least, sizes))
