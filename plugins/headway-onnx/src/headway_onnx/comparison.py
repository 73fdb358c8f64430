"""Two answers to the same rows: how far apart, where, and how many decisions flip."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from headway.contracts import Output


@dataclass(frozen=True)
class Difference:
    """How one array differs from another.

    Attributes:
        name: The array's name.
        rows: How many rows were compared.
        unequal: How many rows are not equal bit for bit.
        largest: The largest absolute difference; infinite where only one is finite.
        scale: The largest finite absolute value of the reference.
        worst: The position of the row with the largest difference, or of the first unequal one.
        flips: How many rows lead to another decision (the most probable class, the label, or which labels have a
            probability of at least .5).
    """

    name: str
    rows: int
    unequal: int
    largest: float
    scale: float
    worst: int
    flips: int


def compare(name: str, given: np.ndarray, reference: np.ndarray, kind: str = "") -> Difference:
    """Compares arrays of the same rows.

    Args:
        name: For the answer.
        given: Shape (rows, …).
        reference: The same shape and type.
        kind: The kind of output, which says what a decision is.

    Returns:
        The difference; arrays of other shapes or types are infinitely different.
    """
    import numpy as np

    if given.shape != reference.shape or given.dtype != reference.dtype:
        return Difference(name, len(reference), len(reference), float("inf"), 0.0, 0, 0)
    unequal = ~same_bits(given, reference)
    far = _distance(given, reference)
    worst = int(far.argmax()) if far.any() else int(unequal.argmax()) if len(unequal) else 0
    return Difference(
        name,
        rows=len(reference),
        unequal=int(np.count_nonzero(unequal)),
        largest=float(far.max(initial=0.0)),
        scale=_scale(reference),
        worst=worst,
        flips=int(np.count_nonzero(_flat(_decisions(given, kind) != _decisions(reference, kind)).any(axis=1))),
    )


def compare_outputs(
    outputs: Sequence[Output], given: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray]
) -> list[Difference]:
    """`compare` for each output."""
    return [compare(o.name, given[o.name], reference[o.name], o.kind) for o in outputs]


def same_bits(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Which rows are equal bit for bit (NaN equals itself, 0.0 is not -0.0); shape (rows,), bool."""
    import numpy as np

    if one.dtype.kind == "f":
        bits = f"u{one.dtype.itemsize}"
        one, two = np.ascontiguousarray(one).view(bits), np.ascontiguousarray(two).view(bits)
    return np.asarray(_flat(np.asarray(one == two)).all(axis=1))


def _flat(array: np.ndarray) -> np.ndarray:
    """Shape (rows, everything else), also of no rows."""
    return array.reshape(len(array), math.prod(array.shape[1:]))


def _distance(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """The largest absolute difference of each row."""
    import numpy as np

    if one.dtype.kind not in "fiub":
        return np.where(same_bits(one, two), 0.0, np.inf)
    first, second = (_flat(array).astype(np.float64) for array in (one, two))
    with np.errstate(invalid="ignore"):
        far = np.abs(first - second)
    equal = (first == second) | (np.isnan(first) & np.isnan(second))
    far = np.where(equal, 0.0, np.where(np.isnan(far), np.inf, far))
    return np.asarray(far.max(axis=1, initial=0.0))


def _scale(array: np.ndarray) -> float:
    import numpy as np

    if array.dtype.kind not in "fiu":
        return 0.0
    finite = array[np.isfinite(array)]
    return float(np.abs(finite.astype(np.float64)).max(initial=0.0))


def _decisions(array: np.ndarray, kind: str) -> np.ndarray:
    import numpy as np

    if kind == "probability":
        return np.asarray(array.argmax(axis=-1))
    if kind == "marginal":
        return np.asarray(array >= 0.5)
    return array if kind == "label" else np.zeros(len(array))
