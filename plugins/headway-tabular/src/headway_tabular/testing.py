# ruff: noqa: S101 - assertions are what a suite is made of
"""The kit for authors of transforms: subclass `TransformSuite`, supply the transform, inherit the tests.

    class TestSquash(TransformSuite):
        @pytest.fixture
        def transform(self):
            return Squash()

* `fit_for`: training values of a kind, hard ones among them.
* `rows_for`: values that training did not have.
* `open_modules`: torch modules → a function that runs their graph.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
from headway.testing.stages import documented, heavy_imports

from headway_tabular.transforms import Block, Fit, Fitted, Transform
from headway_tabular.transforms.base import MISSING_TIME, UNSEEN, Kind

if TYPE_CHECKING:
    import torch

BATCHES = (1, 2, 3, 7, 8, 16, 40, 51, 129)
"""Numbers of rows at which a graph must give the same bits."""

HARD = (
    np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.3e-308, 1e-300, 1e-17, -1e-17, 0.1, 2.0**24 + 1,
    2.0**53 - 1, -(2.0**53) + 1, 1e15, 1e300, -1e300,
)  # fmt: skip
"""Numbers that break transforms."""

_INPUT = "the block"


def fit_for(kind: Kind, rows: int = 400, classes: int | None = 2, seed: int = 0) -> Fit:
    """Training values of a kind with a target and five folds.

    Args:
        kind: Numbers come in six columns: plain, skewed with missing and infinite values, integers beyond 2^24,
            constant, without any value, and huge; codes in three; times in two, from year 1 to 9999 and of one year.
        rows: How many.
        classes: Of the target; None for numbers.
        seed: Of the random numbers.
    """
    random = np.random.default_rng(seed)
    block, values = _VALUES[kind](random, rows)
    values.flags.writeable = False  # it may be a memory map of a file
    target = random.normal(size=rows) if classes is None else random.integers(0, classes, rows)
    return Fit(block, values, target, classes, random.integers(0, 5, rows))


def rows_for(fit: Fit, rows: int = 300, seed: int = 1) -> np.ndarray:
    """Values as `fit` has them, with hard ones and, for numbers, the neighbours of what training had."""
    random = np.random.default_rng(seed)
    if fit.block.kind == "code":
        return random.integers(0, np.array(fit.block.cardinalities), (rows, len(fit.block.names)))
    values = fit.values[random.integers(0, len(fit.values), rows)]
    if fit.block.kind == "time":
        return _shifted(values, random)
    neighbours = np.nextafter(values, random.choice([-np.inf, np.inf], values.shape))
    values = np.where(_third(values, random), neighbours, values)
    return np.where(_third(values, random), random.choice(HARD, values.shape), values)


def open_modules(modules: Mapping[str, torch.nn.Module], block: Block) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Exports modules side by side into one graph, lints it, and opens it.

    Args:
        modules: Name of the output to a module that takes `block`.
        block: What they are given.
    """
    import torch
    from headway_onnx.graphs import as_graph, export_module
    from headway_onnx.lint import refuse_unsafe
    from headway_onnx.runtime import OnnxRuntime

    class SideBySide(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList(modules.values())

        def forward(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(part(values) for part in self.parts)

    dtype = torch.float64 if block.kind == "number" else torch.int64
    content = export_module(SideBySide(), {_INPUT: torch.zeros(2, len(block.names), dtype=dtype)}, list(modules))
    refuse_unsafe(content)
    runtime = OnnxRuntime.load(as_graph(content).files)
    return lambda values: runtime.run({_INPUT: np.ascontiguousarray(values)})


class TransformSuite:
    """A transform. Supply the fixture `transform`; `fit` if the usual training values would not do.

    Attributes:
        EXACT: Whether equal bits are asked for in float64. If not, they are asked for in float32, as they leave the
            features' graph: for modules with Log, Exp, Sin or Cos, whose last bit depends on the rows beside it. No
            bins should follow on such a transform.
    """

    EXACT: ClassVar[bool] = True

    @pytest.fixture
    def transform(self) -> Transform:
        """The transform under test."""
        pytest.fail(f"{type(self).__name__} must supply the fixture 'transform'")

    @pytest.fixture
    def fit(self, transform: Transform) -> Fit:
        """What it learns from: `fit_for` the first kind it takes."""
        return fit_for(transform.takes[0])

    @pytest.fixture
    def fitted(self, transform: Transform, fit: Fit) -> Fitted:
        """What it has learnt."""
        return transform.fit(fit)

    @pytest.fixture
    def graph(self, fitted: Fitted, fit: Fit) -> Callable[[np.ndarray], np.ndarray]:
        """What onnxruntime gives; exported once a class."""
        cls = type(self)
        if "_run" not in vars(cls):
            cls._run = staticmethod(open_modules({"out": fitted.module}, fit.block))  # type: ignore[attr-defined]
        run = cls._run  # type: ignore[attr-defined]
        return lambda values: run(values)["out"]

    def test_it_is_a_frozen_dataclass_whose_fields_say_what_they_do(self, transform: Transform) -> None:
        """Fields are config."""
        cls = type(transform)
        assert (cls.__doc__ or "").strip()
        with pytest.raises(dataclasses.FrozenInstanceError):
            transform.anything = 1  # type: ignore[attr-defined]
        assert {field.name for field in dataclasses.fields(transform)} <= documented(cls)  # type: ignore[arg-type]

    def test_importing_it_is_light(self, transform: Transform) -> None:
        """Configs are checked without numpy and torch."""
        assert heavy_imports(type(transform).__module__) == []

    def test_the_block_says_what_the_graph_gives(
        self, fitted: Fitted, fit: Fit, graph: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        """A name a column, codes within their categories; for any values, however hard."""
        for values in (fit.values, rows_for(fit)):
            given = graph(values)
            assert given.shape == (len(values), len(fitted.block.names))
            assert given.dtype == (np.int64 if fitted.block.kind == "code" else np.float64)
            if fitted.block.kind == "code":
                assert len(fitted.block.categories) == len(fitted.block.names)
                assert given.min() >= 0
                assert (given < np.array(fitted.block.cardinalities)).all()
        assert len(set(fitted.block.names)) == len(fitted.block.names)

    def test_the_graph_gives_the_same_bits_at_every_batch_size(
        self, fit: Fit, graph: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        """What is served is what was trained on."""
        values = rows_for(fit)
        together = self._compared(graph(values))
        for size in BATCHES:
            parts = [self._compared(graph(values[first : first + size])) for first in range(0, len(values), size)]
            assert np.concatenate(parts).tobytes() == together.tobytes(), f"batches of {size}"

    def _compared(self, given: np.ndarray) -> np.ndarray:
        if self.EXACT or given.dtype == np.int64:
            return given
        with np.errstate(over="ignore"):
            return given.astype(np.float32)

    def test_the_graph_agrees_with_the_module(
        self, fitted: Fitted, fit: Fit, graph: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        """The exporter rounds Python's floats to float32: constants that need more digits must be buffers."""
        values = rows_for(fit)
        given = graph(values)
        np.testing.assert_allclose(given, run_module(fitted.module, values), rtol=1e-14, atol=1e-300)

    def test_the_same_values_give_the_same_module(self, transform: Transform, fitted: Fitted, fit: Fit) -> None:
        """No random numbers."""
        again, values = transform.fit(fit), rows_for(fit)
        assert again.block == fitted.block
        assert len(again.out_of_fold) == len(fitted.out_of_fold)
        pairs = zip((again.module, *again.out_of_fold), (fitted.module, *fitted.out_of_fold), strict=True)
        for ours, theirs in pairs:
            np.testing.assert_array_equal(run_module(ours, values), run_module(theirs, values))

    def test_what_a_fold_s_rows_are_given_does_not_know_their_targets(
        self, transform: Transform, fitted: Fitted, fit: Fit
    ) -> None:
        """With other targets in one fold, its module is the same; without modules by fold, so is the only one."""
        changed = np.where(fit.fold == 0, fit.target[::-1], fit.target)
        other = transform.fit(dataclasses.replace(fit, target=changed))
        ours, theirs = ((f.out_of_fold or (f.module,))[0] for f in (fitted, other))
        assert len(fitted.out_of_fold) in (0, fit.fold.max() + 1)
        a, b = run_module(ours, fit.values), run_module(theirs, fit.values)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def run_module(module: torch.nn.Module, values: np.ndarray) -> np.ndarray:
    """What torch itself gives."""
    import torch

    with torch.no_grad():
        return module(torch.from_numpy(np.array(values))).numpy()


def _numbers(random: np.random.Generator, rows: int) -> tuple[Block, np.ndarray]:
    columns = {
        "plain": random.normal(size=rows),
        "skewed": np.round(random.lognormal(size=rows), 2),
        "large": random.integers(2**24, 2**53, rows).astype(np.float64),
        "constant": np.full(rows, 0.1),
        "empty": np.full(rows, np.nan),
        "huge": random.choice([-1e300, -1.0, 0.0, 5e-324, 1e300], rows),
    }
    columns["skewed"][random.integers(0, rows, rows // 8)] = np.nan
    columns["skewed"][random.integers(0, rows, rows // 16)] = np.inf
    return Block("number", tuple(columns)), np.stack(list(columns.values()), axis=1)


def _codes(random: np.random.Generator, rows: int) -> tuple[Block, np.ndarray]:
    words = {"sex": ("Female", "Male", UNSEEN), "size": ("L", "M", "S", "XL", UNSEEN), "only": (UNSEEN,)}
    sizes = [len(known) for known in words.values()]
    values = np.minimum(random.geometric(0.4, (rows, len(words))) - 1, np.array(sizes) - 1)
    return Block("code", tuple(words), tuple(words.values())), values


def _times(random: np.random.Generator, rows: int) -> tuple[Block, np.ndarray]:
    day = 86_400_000_000
    values = np.stack([random.integers(-719_162, 2_932_897, rows), random.integers(15_340, 15_706, rows)], axis=1) * day
    values += random.integers(0, day, values.shape)
    values[random.integers(0, rows, rows // 8), 1] = MISSING_TIME
    return Block("time", ("ever", "year")), values


_VALUES = {"number": _numbers, "code": _codes, "time": _times}


def _shifted(times: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Some to the first or the last microsecond of a day, some missing."""
    day = 86_400_000_000
    midnight = times // day * day
    edges = np.where(random.random(times.shape) < 0.5, midnight, midnight + day - 1)
    moved = np.where(_third(times, random) & (times != MISSING_TIME), edges, times)
    return np.where(random.random(times.shape) < 0.05, MISSING_TIME, moved)


def _third(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return random.random(values.shape) < 1 / 3
