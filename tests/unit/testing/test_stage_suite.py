"""The suite of stages catches what breaks their promises."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest
from headway.contracts import Dataset
from headway.stage import Context, Stage
from headway.testing import StageSuite, heavy_imports


@dataclass(frozen=True)
class Depth:
    """How deep."""

    layers: int = 2
    """How many layers."""
    width: int = 8


@dataclass(frozen=True)
class Undocumented(Stage):
    """A stage with a field that nobody explains, nested."""

    depth: Depth = Depth()
    """Its depth."""

    def run(self, context: Context) -> Dataset:
        raise AssertionError


@dataclass(frozen=True)
class Searched(Stage):
    """A stage whose space names a field that it has not."""

    space: ClassVar[Mapping[str, str]] = {"depth.layers": "range(1, 4)", "depth.length": "range(1, 4)"}
    depth: Depth = Depth()
    """Its depth."""

    def run(self, context: Context) -> Dataset:
        raise AssertionError


@dataclass(frozen=True)
class Silent(Stage):
    rate: float = 0.1
    """The rate."""

    def run(self, context: Context) -> Dataset:
        raise AssertionError


@dataclass(frozen=True)
class Listed(Stage):
    """A stage whose default JSON cannot bring back."""

    names: object = dataclasses.field(default_factory=lambda: frozenset({"a"}))
    """Names."""

    def run(self, context: Context) -> Dataset:
        raise AssertionError


def test_broken_stages_are_caught():
    suite = StageSuite()
    suite.test_it_keeps_the_contract_of_a_stage(Undocumented)
    with pytest.raises(AssertionError, match="Depth"):
        suite.test_every_field_is_documented(Undocumented)
    suite.test_what_a_sweep_tries_are_its_fields(Undocumented)
    with pytest.raises(AssertionError, match=r"depth\.length"):
        suite.test_what_a_sweep_tries_are_its_fields(Searched)
    with pytest.raises(AssertionError):
        suite.test_it_says_what_it_does(Silent)
    with pytest.raises((AssertionError, TypeError)):
        suite.test_its_values_pass_through_json_unchanged(Listed, {})


def test_heavy_imports_are_named(tmp_path, monkeypatch):
    (tmp_path / "weighty.py").write_text("import numpy, json\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert heavy_imports("weighty") == ["numpy"]
    assert heavy_imports("headway.contracts") == []
