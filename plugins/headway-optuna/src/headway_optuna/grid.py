"""Aligned columns of text."""

from __future__ import annotations

from collections.abc import Sequence

from headway_optuna.lines import cropped, wide
from headway_optuna.texts import one_line

NARROW = 16
"""Columns that a shortened cell keeps."""


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """Aligned lines; columns of numbers are flush right, empty ones are left out.

    Args:
        header: The names of the columns.
        rows: Their cells.
        width: The most columns of the terminal that a line may take. The widest are shortened first, then the last
            are left out, and the header says so.
    """
    kept = [i for i in range(len(header)) if i == 0 or any(row[i] for row in rows)]
    cells = [[one_line(row[i]) for i in kept] for row in (header, *rows)]
    right = [bool(rows) and all(_is_number(row[i]) for row in cells[1:]) for i in range(len(kept))]
    widths = [max(wide(row[i]) for row in cells) for i in range(len(kept))]
    more = ""
    if width is not None:
        least = [_least(column, r) for column, r in zip(zip(*cells, strict=True), right, strict=True)]
        more = _narrow(widths, [widths[0], *least[1:]], width)
    lines = ["  ".join(_cell(cell, w, r) for cell, w, r in zip(row, widths, right, strict=False)) for row in cells]
    return [f"{lines[0]}{more}".rstrip(), *(line.rstrip() for line in lines[1:])]


def _least(column: Sequence[str], is_number: bool) -> int:
    """Columns below which a column makes no sense: numbers are not cut, their name may be."""
    most = max(map(wide, column))
    return min(most, max([NARROW, *(wide(cell) for cell in column[1:] if is_number)]))


def _narrow(widths: list[int], least: Sequence[int], room: int) -> str:
    """Makes columns narrower until they fit, in place; what to say of those that are left out."""
    total = len(widths)

    def spare(each: Sequence[int]) -> int:
        told = len(f"  +{total - len(widths)}") if len(widths) < total else 0
        return room - sum(each) - 2 * (len(each) - 1) - told

    while len(widths) > 1 and spare(least[: len(widths)]) < 0:
        widths.pop()
    while spare(widths) < 0 and any(w > small for w, small in zip(widths, least, strict=False)):
        index = max((i for i, w in enumerate(widths) if w > least[i]), key=widths.__getitem__)
        widths[index] -= 1
    return f"  +{total - len(widths)}" if len(widths) < total else ""


def _cell(text: str, width: int, right: bool) -> str:
    text = cropped(text, width)
    pad = " " * (width - wide(text))
    return pad + text if right else text + pad


def _is_number(cell: str) -> bool:
    try:
        float(cell.removesuffix(" s") or "0")
    except ValueError:
        return False
    return True
