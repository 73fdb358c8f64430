import inspect
import warnings
from dataclasses import MISSING, fields

import optuna
import pytest
from engine_kit import their_pruner
from headway import HeadwayError
from headway.plugins import Registry
from headway.stage import build_used
from headway_optuna import libraries, plugin
from headway_optuna.pruners import PRUNERS, NoPruner, WilcoxonPruner


@pytest.fixture(scope="module")
def registry():
    found = Registry()
    plugin.headway_register(found)
    return found


def build(registry, value):
    return build_used(value, "pruner", registry)


@pytest.mark.parametrize("pruner", [p for p in PRUNERS.values() if p is not NoPruner], ids=lambda pruner: pruner.name)
def test_options_have_the_names_and_defaults_of_optunas(pruner):
    theirs = inspect.signature(getattr(optuna.pruners, pruner.optuna_name).__init__).parameters
    assert {option.name for option in fields(pruner)} == set(theirs) - {"self"}
    for option in fields(pruner):
        default = inspect.Parameter.empty if option.default is MISSING else option.default
        assert default == theirs[option.name].default


@pytest.mark.parametrize("name", PRUNERS)
def test_each_is_built_by_its_name_without_a_warning(registry, name):
    pruner = build(registry, {"percentile": {"percentile": 25}} if name == "percentile" else
                   {"threshold": {"lower": 0.1}} if name == "threshold" else name)  # fmt: skip
    pruner.check(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        built = pruner.build()
    assert type(built) is type(their_pruner(name))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("threshold", "has no bounds"),
        ({"threshold": {"lower": 2, "upper": 1}}, "lower 2 is above upper 1"),
        ("percentile", "percentile"),
        ({"percentile": {"percentile": 101}}, "percentile"),
        ({"median": {"interval_steps": 0}}, "interval_steps"),
        ({"median": {"n_min_trials": 0}}, "n_min_trials"),
        ({"successive_halving": {"reduction_factor": 1}}, "reduction_factor"),
        ({"successive_halving": {"bootstrap_count": 2}}, "bootstrap_count needs min_resource"),
        ({"hyperband": {"bootstrap_count": 2}}, "bootstrap_count needs max_resource"),
        ({"hyperband": {"min_resource": 5, "max_resource": 3}}, "max_resource 3 is below min_resource 5"),
        ({"hyperband": {"max_resource": "all"}}, "max_resource"),
        ({"wilcoxon": {"p_threshold": 2}}, "p_threshold"),
        ("meidan", "did you mean 'median'"),
    ],
)
def test_what_no_pruner_takes_is_refused(registry, value, text):
    with pytest.raises(HeadwayError) as error:
        build(registry, value)
    assert text in error.value.render()


@pytest.mark.parametrize("name", ["median", "hyperband", "wilcoxon"])
def test_several_objectives_are_not_pruned(registry, name):
    with pytest.raises(HeadwayError, match="judges one objective, there are 2") as error:
        build(registry, name).check(2)
    assert "sweep.pruner=none" in error.value.hint
    NoPruner().check(2)


def test_a_missing_library_is_told_before_anything_runs(monkeypatch):
    monkeypatch.setattr(libraries, "find_spec", lambda library: None)
    with pytest.raises(HeadwayError, match="pruner 'wilcoxon' needs scipy"):
        WilcoxonPruner().check(1)
