"""The suite for authors finds what is wrong with a transform."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from headway_tabular.testing import BATCHES, TransformSuite, fit_for, open_modules, rows_for, run_module
from headway_tabular.transforms import Block, Fit, Fitted, Transform


class Rounded(torch.nn.Module):
    def forward(self, x):
        return x * 0.1


class Logarithm(torch.nn.Module):
    def forward(self, x):
        return x.abs().log()


@dataclass(frozen=True)
class Faulty(Transform):
    """Whatever a module does."""

    module: type[torch.nn.Module] = Rounded
    names: int = 6

    def fit(self, fit: Fit) -> Fitted:
        return Fitted(Block("number", tuple(f"x{i}" for i in range(self.names))), self.module())


@dataclass(frozen=True)
class Peeking(Transform):
    """Looks at the target of the very row."""

    def fit(self, fit: Fit) -> Fitted:
        class Shifted(torch.nn.Module):
            def forward(self, x):
                return x + float(fit.target[fit.fold == 0].mean())

        return Fitted(fit.block, Shifted())


FIT = fit_for("number")


def graph_of(module):
    run = open_modules({"y": module}, FIT.block)
    return lambda values: run(values)["y"]


def test_a_constant_that_the_exporter_rounds_is_found():
    with pytest.raises(AssertionError, match="tolerance"):
        TransformSuite().test_the_graph_agrees_with_the_module(Faulty().fit(FIT), FIT, graph_of(Rounded()))


def test_bits_that_depend_on_the_batch_are_found():
    suite = TransformSuite()
    odd = Fit(Block("number", ("x",)), FIT.values[:, :1], FIT.target, 2, FIT.fold)
    graph = open_modules({"y": Logarithm()}, odd.block)
    with pytest.raises(AssertionError, match="batches of 1"):
        suite.test_the_graph_gives_the_same_bits_at_every_batch_size(odd, lambda values: graph(values)["y"])


def test_a_block_that_does_not_fit_the_output_is_found():
    with pytest.raises(AssertionError):
        TransformSuite().test_the_block_says_what_the_graph_gives(
            Faulty(names=5).fit(FIT), FIT, lambda values: run_module(Rounded(), values)
        )


def test_undocumented_fields_are_found():
    with pytest.raises(AssertionError):
        TransformSuite().test_it_is_a_frozen_dataclass_whose_fields_say_what_they_do(Faulty())


def test_heavy_imports_are_found(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for library in ("json", "numpy"):
        (tmp_path / f"with_{library}.py").write_text(f"import {library}")
    light, heavy = (type("Imports", (Faulty,), {"__module__": f"with_{library}"})() for library in ("json", "numpy"))
    TransformSuite().test_importing_it_is_light(light)
    with pytest.raises(AssertionError):
        TransformSuite().test_importing_it_is_light(heavy)


def test_a_transform_that_shows_rows_their_own_target_is_found():
    with pytest.raises(AssertionError):
        TransformSuite().test_what_a_fold_s_rows_are_given_does_not_know_their_targets(
            Peeking(), Peeking().fit(FIT), FIT
        )


@pytest.mark.parametrize("kind", ["number", "code", "time"])
def test_values_for_tests_are_hard_and_the_same_every_time(kind):
    fit, again = fit_for(kind), fit_for(kind)
    np.testing.assert_array_equal(fit.values, again.values)
    assert not fit.values.flags.writeable
    rows = rows_for(fit, 1000)
    np.testing.assert_array_equal(rows, rows_for(fit, 1000))
    assert rows.shape[1] == len(fit.block.names)
    assert len(np.unique(fit.fold)) == 5
    if kind == "number":
        assert np.isnan(rows).any(axis=0).all()
        assert np.isinf(rows).any(axis=0).all()
        assert (np.abs(rows) > 1e299).any()
    assert max(BATCHES) < len(fit.values)
