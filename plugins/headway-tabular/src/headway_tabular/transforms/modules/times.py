"""Calendar fields of microseconds since 1970, in integers throughout (Hinnant 2014, *chrono-compatible algorithms*)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from headway_tabular.transforms.base import MISSING_TIME

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


_CLOCK: Mapping[str, tuple[int, int]] = {"second": (1, 60), "minute": (60, 60), "hour": (3_600, 24)}
"""Length in seconds, and how many there are before it begins anew."""


class Calendar(torch.nn.Module):
    """Times → calendar fields as int64 and whether the time is known."""

    def __init__(self, parts: Sequence[str]) -> None:
        super().__init__()
        self._parts = tuple(parts)

    def forward(self, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, columns) int64 → (rows, columns, parts) int64 and (rows, columns, 1) bool."""
        known = times != MISSING_TIME
        safe = torch.where(known, times, 0)
        days = safe // _DAY
        fields = {"weekday": (days + 3) % 7}  # 1970 began on a Thursday
        for part, (length, period) in _CLOCK.items():
            fields[part] = safe // (length * _SECOND) % period
        if not {"day", "month", "year"}.isdisjoint(self._parts):
            fields |= _civil(days)
        return torch.stack([fields[part] for part in self._parts], dim=-1), known[..., None]


def _civil(days: torch.Tensor) -> dict[str, torch.Tensor]:
    """Year, month and day of the Gregorian calendar, counted in eras of 400 years that begin in March."""
    days = days + 719_468
    era = days // 146_097
    day_of_era = days - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = torch.where(shifted < 10, shifted + 3, shifted - 9)
    year = year_of_era + era * 400 + (month <= 2).to(torch.int64)
    return {"year": year, "month": month, "day": day_of_year - (153 * shifted + 2) // 5 + 1}


class Numbers(torch.nn.Module):
    """Calendar fields as float64; missing as NaN."""

    def __init__(self, parts: Sequence[str]) -> None:
        super().__init__()
        self.calendar = Calendar(parts)

    def forward(self, times: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → (rows, columns · parts)."""
        fields, known = self.calendar(times)
        return torch.where(known, fields.to(torch.float64), torch.nan).flatten(1)


class Codes(torch.nn.Module):
    """Calendar fields counted from 0; missing is the code after the last.

    Args:
        parts: The fields.
        least: For each field its smallest value.
        sizes: For each field how many values it has.
    """

    def __init__(self, parts: Sequence[str], least: Sequence[int], sizes: Sequence[int]) -> None:
        super().__init__()
        self.calendar = Calendar(parts)
        self.register_buffer("least", torch.tensor(least, dtype=torch.int64))
        self.register_buffer("missing", torch.tensor(sizes, dtype=torch.int64))

    def forward(self, times: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → (rows, columns · parts) int64."""
        fields, known = self.calendar(times)
        return torch.where(known, fields - self.least, self.missing).flatten(1)


class Circle(torch.nn.Module):
    """Calendar fields as points on a circle: sine and cosine of each, looked up; missing as NaN.

    Args:
        parts: The fields.
        least: For each field its smallest value.
        sizes: For each field how many values it has, once around the circle.
    """

    def __init__(self, parts: Sequence[str], least: Sequence[int], sizes: Sequence[int]) -> None:
        super().__init__()
        self.codes = Codes(parts, least, sizes)
        tables = [_circle(size) for size in sizes]
        self.register_buffer("table", torch.from_numpy(np.concatenate(tables)))
        self.register_buffer("starts", torch.tensor([0, *(size + 1 for size in sizes[:-1])]).cumsum(0))

    def forward(self, times: torch.Tensor) -> torch.Tensor:
        """(rows, columns) → (rows, columns · parts · 2)."""
        codes = self.codes(times).unflatten(1, (-1, len(self.starts)))
        return torch.nn.functional.embedding(codes + self.starts, self.table).flatten(1)


def _circle(size: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(size) / size
    return np.vstack([np.stack([np.sin(angle), np.cos(angle)], axis=1), np.full((1, 2), np.nan)])
