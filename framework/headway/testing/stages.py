# ruff: noqa: S101 - assertions are what a suite is made of
"""What holds for every stage class."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import json
import subprocess
import sys
import textwrap
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from headway.stage import Stage, fields_of, signature_of

HEAVY = (
    "torch", "lightning", "numpy", "polars", "sklearn", "onnx", "onnxruntime", "matplotlib", "pydantic", "hydra",
    "pandas", "scipy", "pyarrow", "safetensors", "jinja2", "wandb",
)  # fmt: skip
"""Libraries that must wait inside ``run``: listing plugins or planning a cached run would pay for them."""


def heavy_imports(module: str) -> list[str]:
    """The libraries of `HEAVY` that importing `module` pulls in, found out in a process of its own."""
    script = f"import {module}, sys; print(*[n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.split()


def documented(cls: type) -> set[str]:
    """The fields of `cls` and its bases that have a string below them in the source."""
    found: set[str] = set()
    for base in cls.__mro__:
        if dataclasses.is_dataclass(base) and base.__module__ != "builtins":
            tree = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
            found |= set(_described(tree))
    return found


def _described(tree: ast.AST) -> Iterator[str]:
    body = getattr(tree, "body", [])
    for line, after in itertools.pairwise(body):
        is_field = isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        says = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if is_field and says and isinstance(after.value.value, str):
            yield line.target.id


class StageSuite:
    """A stage class. Supply the fixture `stage`, the class itself.

    The fixture `values` gives the fields that have no default, if there are any.
    """

    @pytest.fixture
    def stage(self) -> Any:
        """The class under test."""
        pytest.fail(f"{type(self).__name__} must supply the fixture 'stage'")

    @pytest.fixture
    def values(self) -> dict[str, Any]:
        """Values for required fields."""
        return {}

    def test_it_keeps_the_contract_of_a_stage(self, stage: type[Stage]) -> None:
        """A frozen dataclass whose run takes and gives artifacts."""
        signature_of(stage)

    def test_it_says_what_it_does(self, stage: type[Stage]) -> None:
        """A docstring of its own, not the one a dataclass makes up."""
        assert (stage.__doc__ or "").strip()
        assert not (stage.__doc__ or "").startswith(f"{stage.__name__}(")

    def test_every_field_is_documented(self, stage: type[Stage]) -> None:
        """By a string below it, nested dataclasses included."""
        for cls in _classes(stage):
            names = [field.name for field in dataclasses.fields(cls)]
            assert sorted(set(names) - documented(cls)) == [], cls.__name__

    def test_every_field_has_a_type_that_resolves(self, stage: type[Stage]) -> None:
        """At run time, with the marks of `headway.fields`."""
        hints = typing.get_type_hints(stage, include_extras=True)
        for field in fields_of(stage):
            assert field.name in hints
            assert hints[field.name] is not Any, field.name

    def test_what_a_sweep_tries_are_its_fields(self, stage: type[Stage]) -> None:
        """Dotted paths of `space` lead to a field; what a field chooses by name is not followed."""
        from headway.config.schema import holder

        assert [path for path in stage.space if holder(stage, tuple(path.split("."))) is None] == []

    def test_its_values_pass_through_json_unchanged(self, stage: type[Stage], values: dict[str, Any]) -> None:
        """A config is JSON: what is read back, strictly, is the same stage."""
        from pydantic import TypeAdapter

        made = stage(**values)
        adapter = TypeAdapter(stage)
        text = json.dumps(dataclasses.asdict(made), allow_nan=False)  # type: ignore[call-overload]
        assert adapter.validate_json(text, strict=True) == made

    def test_its_values_are_the_same_every_time(self, stage: type[Stage], values: dict[str, Any]) -> None:
        """A default that draws or reads a clock would change the cache key at every run."""
        assert dataclasses.asdict(stage(**values)) == dataclasses.asdict(stage(**values))  # type: ignore[call-overload]

    def test_its_module_imports_nothing_heavy(self, stage: type[Stage]) -> None:
        """Listing plugins costs milliseconds, whatever they use."""
        assert heavy_imports(stage.__module__) == []


def _classes(stage: type) -> list[type]:
    found, queue = [], [stage]
    while queue:
        cls = queue.pop()
        if cls in found:
            continue
        found.append(cls)
        for hint in typing.get_type_hints(cls).values():
            nested = [hint, *typing.get_args(hint)]
            queue += [item for item in nested if inspect.isclass(item) and dataclasses.is_dataclass(item)]
    return found
