"""Arrays on disk: written piece by piece, mapped when they are whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np

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

        def write(piece: Piece) -> None:
            for name, array in piece.items():
                if name not in files:
                    files[name] = stack.enter_context((folder / f"{name}.npy").open("wb"))
                    _write_header(files[name], rows, array)
                np.ascontiguousarray(array).tofile(files[name])

        _while_the_next_is_made(write, pieces)
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in files}


def _while_the_next_is_made(write: Callable[[Piece], None], pieces: Iterable[Piece]) -> None:
    """Calls `write` with each piece, in their order, on a thread of its own; one piece waits at most."""
    with ThreadPoolExecutor(1) as writer:
        waiting: Future[None] | None = None
        for piece in pieces:
            if waiting is not None:
                waiting.result()
            waiting = writer.submit(write, piece)
        if waiting is not None:
            waiting.result()


def _write_header(file: BinaryIO, rows: int, array: np.ndarray) -> None:
    described = np.lib.format.dtype_to_descr(array.dtype)
    header = {"descr": described, "fortran_order": False, "shape": (rows, *array.shape[1:])}
    np.lib.format.write_array_header_1_0(file, header)
