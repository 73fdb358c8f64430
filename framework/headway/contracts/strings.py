"""A column of strings as its distinct values, and which of them each row has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, overload

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

FEW = 512
"""Fewer rows than this are not worth finding their distinct values."""

SHARE = 0.5
"""Nor are rows of which more than this share is distinct."""


@dataclass(frozen=True, eq=False)
class Strings:
    """Strings of a few distinct values, for runtimes that can look each up once.

    It stands wherever an object array of strings of shape (rows,) does: it has a length, is indexed by rows as an
    array is, compared string by string, and `np.asarray` makes it that array.

    Attributes:
        values: The distinct strings and perhaps some that no row has; object array of shape (n,), not to be changed.
        codes: The position of each row's string in `values`; integers of shape (rows,).
    """

    values: np.ndarray = field(repr=False)
    codes: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, rows: int | np.integer[Any]) -> str: ...
    @overload
    def __getitem__(self, rows: slice | np.ndarray) -> Strings: ...
    def __getitem__(self, rows: int | np.integer[Any] | slice | np.ndarray) -> str | Strings:
        import numpy as np

        if isinstance(rows, int | np.integer):
            return str(self.values[self.codes[rows]])
        return Strings(self.values, self.codes[rows])

    def __iter__(self) -> Iterator[str]:
        return iter(self.__array__().tolist())

    def __eq__(self, other: object) -> Any:
        return self.__array__() == other

    def __ne__(self, other: object) -> Any:
        return self.__array__() != other

    __hash__ = None  # type: ignore[assignment]  # as an array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array: np.ndarray = self.values[self.codes]
        return array if dtype is None else array.astype(dtype, copy=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the array it stands for."""
        return self.values.dtype

    @property
    def shape(self) -> tuple[int]:
        """That of the array it stands for."""
        return (len(self),)

    @property
    def ndim(self) -> int:
        """One axis: the rows."""
        return 1

    @property
    def nbytes(self) -> int:
        """That of the array it stands for: what a runtime that does not know it will hold."""
        return len(self) * self.values.itemsize

    def tolist(self) -> list[str]:
        """The string of every row."""
        return list(self)


Feed: TypeAlias = "np.ndarray | Strings"
"""What a graph is given for one of its inputs, rows first."""


def strings_of(series: pl.Series) -> Feed:
    """The strings of a series without nulls: as `Strings` where that pays, otherwise as an object array."""
    import polars as pl

    if len(series) >= FEW:
        values = series.unique()
        if len(values) <= SHARE * len(series):
            codes = series.cast(pl.Enum(values)).to_physical()
            return Strings(_objects(values), codes.to_numpy())
    return _objects(series)


def _objects(series: pl.Series) -> np.ndarray:
    return series.to_numpy().astype(object, copy=False)
