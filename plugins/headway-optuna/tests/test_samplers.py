import inspect
import warnings
from dataclasses import MISSING, fields

import optuna
import pytest
from engine_kit import FAST, FINITE, MIXED, Parameter, Space, theirs
from headway import HeadwayError
from headway.errors import Place
from headway.plugins import Registry
from headway.stage import build_used
from headway_optuna import libraries, plugin
from headway_optuna.genetic import CROSSOVERS
from headway_optuna.plugin import SAMPLERS
from headway_optuna.samplers import CMAES, BruteForce, Grid
from headway_optuna.space.distributions import Choice, Float, Int

BY_NAME = {sampler.name: sampler for sampler in SAMPLERS}


@pytest.fixture(scope="module")
def registry():
    found = Registry()
    plugin.headway_register(found)
    return found


def build(registry, value):
    return build_used(value, "sampler", registry)


def refused(call, *texts):
    with pytest.raises(HeadwayError) as error:
        call()
    for text in texts:
        assert text in error.value.render()
    return error.value.code


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
def test_options_have_the_names_and_defaults_of_optunas(sampler):
    theirs = inspect.signature(getattr(optuna.samplers, sampler.optuna_name).__init__).parameters
    for option in fields(sampler):
        assert option.name in theirs
        assert option.default is not MISSING
        assert option.default == theirs[option.name].default


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
def test_what_is_left_out_is_deprecated_or_no_text(sampler):
    theirs = set(inspect.signature(getattr(optuna.samplers, sampler.optuna_name).__init__).parameters)
    deprecated = {"consider_prior", "prior_weight", "consider_magic_clip", "consider_endpoints", "gamma", "weights"}
    deprecated |= {"constraints_func", "x0", "sigma0", "restart_strategy", "inc_popsize", "warn_independent_sampling"}
    objects = {"independent_sampler", "source_trials", "search_space", "self", "seed", "warn_asynchronous_seeding"}
    objects |= {"elite_population_selection_strategy", "child_generation_strategy", "after_trial_strategy"}
    assert theirs - deprecated - objects == {option.name for option in fields(sampler)}


@pytest.mark.parametrize("name", BY_NAME)
def test_each_is_built_by_its_name_without_a_warning(registry, name):
    sampler = build(registry, name)
    space = FINITE if name in ("grid", "brute_force") else MIXED
    sampler.check(space, 1)
    built = sampler.build(0, space)
    assert isinstance(built, type(theirs(name, 0)))


@pytest.mark.parametrize(
    "value",
    [
        {"tpe": {"multivariate": True, "group": True}},
        {"cma_es": {"with_margin": True, "consider_pruned_trials": True}},
        {"cma_es": {"lr_adapt": True}},
        {"gaussian_process": {"deterministic_objective": True}},
        *({"nsga2": {"crossover": name, "mutation": "polynomial"}} for name in CROSSOVERS),
        {"nsga3": {"reference_points": [[0.2, 0.8], [0.8, 0.2]]}},
        {"qmc": {"qmc_type": "halton"}},
    ],
)
def test_options_of_experimental_features_warn_of_nothing(registry, value):
    sampler = build(registry, value)
    sampler.check(MIXED, 2 if "nsga3" in value else 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sampler.build(0, MIXED) is not None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"tpe": {"n_startup_trials": -1}}, "n_startup_trials"),
        ({"tpe": {"n_ei_candidates": 0}}, "n_ei_candidates"),
        ({"tpe": {"group": True}}, "group needs joint estimates"),
        ({"tpe": {"startup": 3}}, "unknown field 'startup'"),
        ({"cma_es": {"with_margin": True, "lr_adapt": True}}, "exclude each other"),
        ({"nsga2": {"crossover": "spx", "population_size": 2}}, "three parents"),
        ({"nsga2": {"crossover": "two_point"}}, "crossover"),
        ({"nsga2": {"mutation_prob": 1.5}}, "mutation_prob"),
        ({"qmc": {"qmc_type": "lhs"}}, "qmc_type"),
        ("bayes", "unknown sampler 'bayes'"),
    ],
)
def test_what_no_sampler_takes_is_refused(registry, value, text):
    refused(lambda: build(registry, value), text)


PLACE = Place("configs/experiment/a.yaml", 3, 7)
ENDLESS = Space((*FINITE.parameters, Parameter("rate", Float(0.0, 1.0), where=PLACE)))


@pytest.mark.parametrize("sampler", [Grid(), BruteForce()])
def test_a_parameter_without_end_is_refused_where_it_is_written(sampler):
    hint = "rate=range(0, 1, 0.25)"
    assert refused(lambda: sampler.check(ENDLESS, 1), "rate has no end", "a.yaml:3:7", hint) == "sampler-space"


def test_the_hint_for_a_logarithmic_parameter_is_a_choice():
    refused(lambda: Grid().check(MIXED, 1), "rate=choice(0.0001, 0.00316228, 0.1)")


def test_a_grid_is_not_larger_than_memory():
    space = Space(tuple(Parameter(f"x{i}", Int(1, 100)) for i in range(4)))
    refused(lambda: Grid().check(space, 1), "100,000,000 points", "brute_force")
    BruteForce().check(space, 1)
    assert BruteForce().build(0, space) is not None


def test_a_grid_completes_no_enqueued_point():
    space = Space(FINITE.parameters, enqueue=({"model": "mlp", "blocks": 1},))
    refused(lambda: Grid().check(space, 1), "dropout is left out")


def test_cma_es_needs_a_number_and_one_objective():
    space = Space((Parameter("model", Choice(("a", "b"), ("a", "b"))), FINITE.parameters[2]))
    assert refused(lambda: CMAES().check(space, 1), "no parameter is an unconditional one") == "sampler-space"
    assert refused(lambda: CMAES().check(MIXED, 2), "there are 2", "nsga2") == "sampler-objectives"


def test_reference_points_have_a_number_for_each_objective(registry):
    sampler = build(registry, {"nsga3": {"reference_points": [[0.5, 0.5]]}})
    refused(lambda: sampler.check(MIXED, 3), "[0.5, 0.5] is not of 3 numbers")


@pytest.mark.parametrize("name", ["gaussian_process", "cma_es", "qmc"])
def test_a_missing_library_is_told_before_anything_runs(registry, name, monkeypatch):
    monkeypatch.setattr(libraries, "find_spec", lambda library: None)
    sampler = build(registry, name)
    assert (
        refused(lambda: sampler.check(MIXED, 1), f"sampler '{name}' needs {sampler.libraries[0]}") == "missing-library"
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("random", []),
        ("tpe", ["dropout, widths each by itself"]),
        ({"tpe": {"multivariate": True, "group": True}}, []),
        ({"tpe": {"multivariate": False}}, []),
        ("gaussian_process", ["dropout, widths at random"]),
        ("cma_es", ["model, dropout, widths at random", "does not learn from constraints on metrics"]),
        ("nsga2", ["dropout, widths at random"]),
        ("qmc", ["dropout, widths at random"]),
        ("grid", ["repeats trials in which dropout, widths do not count"]),
        ("brute_force", []),
    ],
)
def test_notes_say_what_a_sampler_makes_less_of(registry, value, told):
    notes = build(registry, value).notes(Space(MIXED.parameters, (FAST,)), 1)
    assert len(notes) == len(told)
    assert all(text in note for text, note in zip(told, notes, strict=True))
