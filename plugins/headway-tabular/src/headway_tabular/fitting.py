"""Branches fitted: each transform on what the ones before it give the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from headway.contracts import CHUNK

from headway_tabular.folds import FOLDS
from headway_tabular.layout import Branch, check_takes
from headway_tabular.selectors import fault
from headway_tabular.transforms import Block, Fit, Fitted

EXACT = 2.0**24
"""Whole numbers up to this size are exact in float32."""


@dataclass(frozen=True)
class Supervision:
    """What transforms may learn from beside the values: see `Fit`.

    Attributes:
        target: Shape (rows,).
        classes: How many classes the target has; None for numbers.
        fold: Shape (rows,), from 0.
    """

    target: np.ndarray = field(repr=False)
    classes: int | None
    fold: np.ndarray = field(repr=False)


class Chain(torch.nn.Module):
    """Transforms one after the other; flags are carried past those that follow.

    Args:
        modules: The transforms.
        flags: For each, how many of the last columns it gives are flags.
    """

    def __init__(self, modules: Sequence[torch.nn.Module], flags: Sequence[int]) -> None:
        super().__init__()
        self.steps = torch.nn.ModuleList(modules)
        self._flags = tuple(flags)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(rows, columns) → values, then flags if there are any; rows first."""
        carried = []
        for step, flags in zip(self.steps, self._flags, strict=True):
            x = step(x)
            if flags:
                carried.append(x[:, -flags:])
                x = x[:, :-flags]
        return (x, torch.cat(carried, dim=-1)) if carried else (x,)


@dataclass(frozen=True)
class FittedBranch:
    """A branch after fitting.

    Attributes:
        branch: Its columns.
        blocks: What it gives: values, then flags if there are any.
        chain: How, as part of the graph.
        folds: How, for training rows of each fold; empty if the same.
    """

    branch: Branch
    blocks: tuple[Block, ...]
    chain: Chain
    folds: tuple[Chain, ...] = ()

    @property
    def unscaled(self) -> list[str]:
        """Columns that come out as they went in, so that float32 would round large whole numbers."""
        if self.branch.kind != "number" or self.blocks[0].kind != "number":
            return []
        odd = EXACT + 1
        given = self.probe(odd).tolist()
        pairs = zip(self.blocks[0].names, given, strict=True)
        return [name for name, value in pairs if value == odd and name in self.branch.columns]

    def probe(self, value: float) -> torch.Tensor:
        """What becomes of a row of one value in all columns; without flags."""
        dtype = torch.float64 if self.branch.kind == "number" else torch.int64
        with torch.no_grad():
            values: torch.Tensor = self.chain(torch.full((1, len(self.branch.columns)), value, dtype=dtype))[0]
        return values[0]


def fit_branch(branch: Branch, block: Block, values: np.ndarray, supervision: Supervision) -> FittedBranch:
    """Fits the transforms of a branch, one after the other.

    Args:
        branch: The columns and their transforms.
        block: What the values are.
        values: Of the training rows, shape (rows, columns).
        supervision: Targets and folds of the same rows.

    Raises:
        DataError: A transform does not take what it is given, the values do not allow it, times are left at the end, or
            missing values are.
    """
    steps, flags = list[Fitted](), list[str]()
    for number, step in enumerate(branch.steps, 1):
        check_takes(step, block.kind, block.names, branch.at)
        fitted = step.transform.fit(Fit(block, values, supervision.target, supervision.classes, supervision.fold))
        steps.append(fitted)
        block, own = _without_flags(fitted)
        flags += own
        if number < len(branch.steps):
            values = _given(fitted, values, supervision.fold)[:, : len(block.names)]
    blocks = (block, Block("number", tuple(flags))) if flags else (block,)
    found = FittedBranch(branch, blocks, _chain(steps), _folds(steps))
    _check_end(found)
    return found


def _without_flags(fitted: Fitted) -> tuple[Block, tuple[str, ...]]:
    block, values = fitted.block, len(fitted.block.names) - fitted.flags
    return Block(block.kind, block.names[:values], block.categories), block.names[values:]


def _chain(steps: list[Fitted], fold: int | None = None) -> Chain:
    modules = [step.module if fold is None or not step.out_of_fold else step.out_of_fold[fold] for step in steps]
    return Chain(modules, [step.flags for step in steps]).eval()


def _folds(steps: list[Fitted]) -> tuple[Chain, ...]:
    return tuple(_chain(steps, fold) for fold in range(FOLDS)) if any(step.out_of_fold for step in steps) else ()


def _given(fitted: Fitted, values: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """What a transform gives the training rows."""
    modules = fitted.out_of_fold or (fitted.module,)
    dtype = np.float64 if fitted.block.kind == "number" else np.int64
    given = np.empty((len(values), len(fitted.block.names)), dtype)
    for start in range(0, len(values), CHUNK):
        rows = slice(start, start + CHUNK)
        given[rows] = by_fold(modules, values[rows], fold[rows])[0].numpy()
    return given


def by_fold(modules: Sequence[torch.nn.Module], values: np.ndarray, fold: np.ndarray) -> tuple[torch.Tensor, ...]:
    """Each row through the module of its fold, or all through the only one; what the module gives."""
    given = torch.from_numpy(values)
    with torch.no_grad():
        if len(modules) == 1:
            return _tuple(modules[0](given))
        parts = [_tuple(module(given[torch.from_numpy(fold == number)])) for number, module in enumerate(modules)]
    order = torch.from_numpy(np.argsort(np.argsort(fold, kind="stable"), kind="stable"))
    return tuple(torch.cat(part)[order] for part in zip(*parts, strict=True))


def _tuple(given: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return given if isinstance(given, tuple) else (given,)


def _check_end(found: FittedBranch) -> None:
    at, kind, block = found.branch.at, found.branch.kind, found.blocks[0]
    if block.kind == "time":
        names = ", ".join(block.names[:5])
        raise fault(at, f"{names}: still times at the end", hint="end with periodic: {parts: [hour]}", code="time")
    blank = float("nan") if kind == "number" else np.iinfo(np.int64).min if kind == "time" else 0
    given = found.probe(blank).tolist()
    missing = [name for name, value in zip(block.names, given, strict=True) if value != value]
    if missing:
        raise fault(
            at, f"a missing value would still be missing at the end in {', '.join(missing[:5])}",
            hint="put impute into the chain", code="missing-at-end",
        )  # fmt: skip
