"""Branches fitted: each transform on what the ones before it give the training rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from headway.contracts import CHUNK

from headway_tabular.features.folds import FOLDS
from headway_tabular.features.layout import Branch, Step, check_takes
from headway_tabular.features.selectors import fault
from headway_tabular.transforms import Block, Fit, Fitted
from headway_tabular.transforms.base import MISSING_TIME
from headway_tabular.transforms.impute import Impute
from headway_tabular.transforms.modules.columns import DTYPES, empty

EXACT = 2.0**24
"""Whole numbers up to this size are exact in float32."""

LIMIT = 1e30
"""Numbers are kept within this, so that an absurd one, such as 1e300, and sums of such stay finite in float32."""


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
        pairs = zip(self.blocks[0].names, self.probe(odd).tolist(), strict=True)
        return [name for name, value in pairs if value == odd and name in self.branch.columns]

    @property
    def bounded(self) -> bool:
        """Whether no number, however large, becomes one beyond float32."""
        return not any((self.probe(value).abs() > LIMIT).any() for value in _probes(self.branch.kind))

    @property
    def leaks(self) -> bool:
        """Whether some number or time becomes one that is missing or infinite."""
        return not all(self.probe(value).isfinite().all() for value in _probes(self.branch.kind))

    def probe(self, value: float) -> torch.Tensor:
        """What becomes of a row of one value in all columns; without flags."""
        dtype = torch.float64 if self.branch.kind == "number" else torch.int64
        with torch.no_grad():
            values: torch.Tensor = self.chain(torch.full((1, len(self.branch.columns)), value, dtype=dtype))[0]
        return values[0]


def _probes(kind: str) -> tuple[float, ...]:
    """Values of columns that no transform may turn into what a model cannot take."""
    largest = float(np.finfo(np.float64).max)
    if kind == "number":
        return (float("nan"), float("inf"), float("-inf"), largest, -largest, 1.0, -1.0, 0.0)
    return (MISSING_TIME, 0) if kind == "time" else (0,)


def fit_branch(
    branch: Branch, block: Block, values: Callable[[], np.ndarray], supervision: Supervision
) -> FittedBranch:
    """Fits the transforms of a branch, one after the other.

    Numbers that may still be missing or infinite at the end are imputed there.

    Args:
        branch: The columns and their transforms.
        block: What the values are.
        values: Gives those of the training rows, shape (rows, columns); asked once, and only for transforms that learn.
        supervision: Targets and folds of the same rows.

    Raises:
        DataError: A transform does not take what it is given, the values do not allow it, or times are left at the end.
    """
    progress = _Progress(branch, block, values, supervision)
    for step in branch.steps:
        progress.take(step)
    if progress.block.kind == "time":
        names = ", ".join(progress.block.names[:5])
        raise fault(
            branch.at, f"{names}: still times at the end", hint="end with periodic: {parts: [hour]}", code="time"
        )
    if progress.block.kind == "number" and progress.found().leaks:
        progress.take(Step("impute", Impute()))
    return progress.found()


@dataclass
class _Progress:
    """A branch on its way: what is fitted, and what it gives the training rows so far."""

    branch: Branch
    block: Block
    first: Callable[[], np.ndarray]
    supervision: Supervision

    def __post_init__(self) -> None:
        self.steps: list[Fitted] = []
        self.flags: list[str] = []
        self._values: np.ndarray | None = None
        self._seen = 0

    def take(self, step: Step) -> None:
        """Fits the next transform on what the ones before it give."""
        check_takes(step, self.block.kind, self.block.names, self.branch.at)
        told = self.supervision
        fitted = step.transform.fit(Fit(self.block, self._current(step), told.target, told.classes, told.fold))
        known = len(fitted.block.names) - fitted.flags
        self.steps.append(fitted)
        self.flags += fitted.block.names[known:]
        self.block = Block(fitted.block.kind, fitted.block.names[:known], fitted.block.categories)

    def _current(self, step: Step) -> np.ndarray:
        """What the transforms so far give the training rows; no rows if the next one does not learn from them."""
        if not step.transform.learns:
            return empty(0, len(self.block.names), self.block.kind)
        values = self.first() if self._values is None else self._values
        for fitted in self.steps[self._seen :]:
            values = _given(fitted, values, self.supervision.fold)
        self._values, self._seen = values, len(self.steps)
        return values

    def found(self) -> FittedBranch:
        """The branch as far as it is fitted."""
        blocks = (self.block, Block("number", tuple(self.flags))) if self.flags else (self.block,)
        return FittedBranch(self.branch, blocks, _chain(self.steps), _folds(self.steps))


def _chain(steps: list[Fitted], fold: int | None = None) -> Chain:
    # Few groups may leave the last folds without rows to learn from: then the module of all rows saw none of theirs.
    modules = [dict(enumerate(step.out_of_fold)).get(-1 if fold is None else fold, step.module) for step in steps]
    return Chain(modules, [step.flags for step in steps]).eval()


def _folds(steps: list[Fitted]) -> tuple[Chain, ...]:
    return tuple(_chain(steps, fold) for fold in range(FOLDS)) if any(step.out_of_fold for step in steps) else ()


def _given(fitted: Fitted, values: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """What a transform gives the training rows, without flags; in the place of `values` where it fits there."""
    modules = fitted.out_of_fold or (fitted.module,)
    width = len(fitted.block.names) - fitted.flags
    fits = values.dtype == DTYPES[fitted.block.kind] and values.shape[1] == width
    given = values if fits else empty(len(values), width, fitted.block.kind)
    with _alone():
        for start in range(0, len(values), CHUNK):
            rows = slice(start, start + CHUNK)
            given[rows] = by_fold(modules, values[rows], fold[rows])[0][:, :width].numpy()
    return given


@contextmanager
def _alone() -> Iterator[None]:
    """Without threads of torch: on a busy machine they wait for each other, ten times as long as they work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


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
