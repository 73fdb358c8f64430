"""Arrays on disk: written piece by piece, mapped when they are whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np

from headway_tabular.features.ahead import ahead

Piece: TypeAlias = Mapping[str, np.ndarray]


def write_arrays(folder: Path, rows: int, pieces: Iterable[Piece]) -> dict[str, np.ndarray]:
    """Writes arrays as npy files, the same bytes as `np.save`, and maps them.

    The files are written, not mapped, meanwhile: pages of a map that are not yet on disk would count as memory.

    Args:
        folder: Where; what is there is deleted.
        rows: How many rows the pieces have together.
        pieces: Name to rows of each array; the pieces of an array in their order, at least one of each.

    Returns:
        Name to the array, mapped read-only.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files: dict[str, BinaryIO] = {}
    with ExitStack() as stack:
        for piece in ahead(pieces):
            for name, array in piece.items():
                if name not in files:
                    files[name] = stack.enter_context((folder / f"{name}.npy").open("wb"))
                    _write_header(files[name], rows, array)
                np.ascontiguousarray(array).tofile(files[name])
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in files}


def _write_header(file: BinaryIO, rows: int, array: np.ndarray) -> None:
    described = np.lib.format.dtype_to_descr(array.dtype)
    header = {"descr": described, "fortran_order": False, "shape": (rows, *array.shape[1:])}
    np.lib.format.write_array_header_1_0(file, header)
