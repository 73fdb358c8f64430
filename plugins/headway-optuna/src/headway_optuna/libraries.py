"""Libraries that only some samplers and pruners need."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from headway import DataError


def demand(who: str, libraries: Iterable[str]) -> None:
    """Raises `DataError` if one is not installed."""
    lacking = [library for library in libraries if find_spec(library) is None]
    if lacking:
        raise DataError(
            f"{who} needs {' and '.join(lacking)}, not installed here",
            hint=f"pip install {' '.join(lacking)}, or choose another",
            code="missing-library",
        )
