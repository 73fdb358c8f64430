import math
import re

import optuna
import pytest
from engine_kit import (
    FAST,
    FINITE,
    MIXED,
    SAMPLERS,
    Constraint,
    Parameter,
    Space,
    Swept,
    by_hand,
    finite_by_hand,
    loss,
    params_of,
    plain,
    seen,
    seen_plain,
)
from headway import HeadwayError
from headway_optuna import engine as engine_module
from headway_optuna.pruners import PRUNERS
from headway_optuna.quiet import quiet
from headway_optuna.samplers import TPE, Random
from headway_optuna.space.distributions import Choice, Float, Int

FINITE_ONLY = ("grid", "brute_force")
CONTINUOUS = [name for name in SAMPLERS if name not in (*FINITE_ONLY, "gaussian_process")]


def same(swept, study):
    assert [seen(trial) for trial in swept.trials] == [seen_plain(trial) for trial in study.trials]


@pytest.mark.parametrize("sampler", CONTINUOUS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_sequence_is_that_of_a_hand_written_loop(sampler, seed):
    same(Swept(sampler, "median", seed).run(30), plain(sampler, "median", seed, 30))


@pytest.mark.parametrize("sampler", FINITE_ONLY)
def test_so_it_is_for_samplers_of_finite_spaces(sampler):
    same(Swept(sampler, "median", 3, FINITE).run(40), plain(sampler, "median", 3, 40, define=finite_by_hand))


@pytest.mark.parametrize("pruner", PRUNERS)
@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_every_pruner_stops_the_same_trials_at_the_same_steps(pruner, sampler):
    swept = Swept(sampler, pruner, 5).run(30)
    same(swept, plain(sampler, pruner, 5, 30))
    pruned = [trial for trial in swept.trials if trial.state == "pruned"]
    assert (len(pruned) > 0) == (pruner != "none")


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3", "random", "qmc"])
def test_several_objectives_too(sampler):
    directions = ("minimize", "maximize", "minimize")
    swept = Swept(sampler, "none", 2, directions=directions).run(25)
    same(swept, plain(sampler, "none", 2, 25, directions=directions))
    assert len([trial for trial in swept.trials if trial.state == "complete"]) > 5


@pytest.mark.parametrize("directions", [("minimize",), ("minimize", "maximize")])
def test_and_of_a_gaussian_process(directions):
    swept = Swept("gaussian_process", "none", 2, directions=directions).run(5)
    same(swept, plain("gaussian_process", "none", 2, 5, directions=directions))
    assert [trial.state for trial in swept.trials].count("complete") > 3  # the last was drawn by the process


@pytest.mark.parametrize("sampler", ["tpe", "cma_es", "nsga2"])
def test_enqueued_points_come_first_and_are_completed_by_the_sampler(sampler):
    points = ({"model": "mlp", "widths": [8, 8], "rate": 0.01}, {"decay": 0.5})
    space = Space(MIXED.parameters, enqueue=points)
    swept = Swept(sampler, "none", 1, space).run(15)
    same(swept, plain(sampler, "none", 1, 15, enqueue=[{**points[0], "widths": "[8, 8]"}, points[1]]))
    assert swept.trials[0].params["widths"] == [8, 8]
    assert swept.trials[1].params["decay"] == 0.5


@pytest.mark.parametrize(
    "point", [{"rate": 2.0}, {"model": "cnn"}, {"blocks": True}, {"dropout": 0.15}, {"depth": 1}, {"widths": [9]}]
)
def test_an_enqueued_point_outside_of_the_space_is_refused(point):
    with pytest.raises(HeadwayError, match="outside of the space") as error:
        Swept(space=Space(MIXED.parameters, enqueue=(point,)))
    assert error.value.code == "sweep-enqueue"


def test_values_are_those_of_configs():
    swept = Swept("random", seed=4).run(30)
    widths = [trial.params["widths"] for trial in swept.trials if "widths" in trial.params]
    assert {str(value) for value in widths} == {"[8]", "[8, 8]", "None"}
    for trial in swept.trials:
        assert ("dropout" in trial.params) == (trial.params["model"] == "mlp")
        assert trial.words[0] == f'model="{trial.params["model"]}"'


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid", "brute_force"])
def test_steps_are_the_decimals_that_are_meant(sampler):
    space = Space((Parameter("x", Float(0.0, 0.9, step=0.3)), Parameter("n", Int(1, 7, step=3))))
    swept = Swept(sampler, space=space)
    for _ in range(12 if sampler in FINITE_ONLY else 40):
        swept.engine.tell(swept.engine.ask().number, "complete", [0.0])
    assert {trial.params["x"] for trial in swept.trials} == {0.0, 0.3, 0.6, 0.9}
    assert {trial.params["n"] for trial in swept.trials} == {1, 4, 7}


SMALL = Constraint("blocks * rate <= 0.02", lambda params, metrics: params["blocks"] * params["rate"] - 0.02)


def test_points_that_break_a_constraint_are_told_and_the_next_is_drawn():
    swept = Swept("random", space=Space(MIXED.parameters, (SMALL,))).run(20)
    infeasible = [trial for trial in swept.trials if trial.state == "infeasible"]
    assert infeasible
    assert all(trial.reason == "does not hold: blocks * rate <= 0.02" for trial in infeasible)
    assert all(not trial.is_feasible for trial in infeasible)
    rest = [trial for trial in swept.trials if trial.state != "infeasible"]
    assert len(rest) == 20
    assert all(trial.params["blocks"] * trial.params["rate"] <= 0.02 for trial in rest)


@pytest.mark.parametrize("sampler", ["tpe", "cma_es", "nsga2", "qmc", "grid", "brute_force"])
def test_no_sampler_is_stuck_at_infeasible_points(sampler):
    few = Constraint("blocks + dropout <= 4", lambda params, metrics: params["blocks"] + params.get("dropout", 0) - 4)
    swept = Swept(sampler, "median", 2, Space((FINITE if sampler in FINITE_ONLY else MIXED).parameters, (few,))).run(15)
    states = [trial.state for trial in swept.trials]
    assert len(states) - states.count("infeasible") == 15
    assert states.count("infeasible") < 60


def test_tpe_learns_from_infeasible_points(monkeypatch):
    monkeypatch.setattr(engine_module, "PATIENCE", 1000)
    few = Constraint("blocks <= 3", lambda params, metrics: params["blocks"] - 3)
    swept = Swept("tpe", "median", 2, Space(MIXED.parameters, (few,))).run(15)
    assert [trial.state for trial in swept.trials].count("infeasible") < 60


class Stuck(Random):
    """Draws what is infeasible, as a process does whose trials teach it nothing of that."""

    def build(self, seed, space):
        with quiet():
            return optuna.samplers.PartialFixedSampler({"blocks": 6}, super().build(seed, space))


def test_chance_helps_a_sampler_that_is_stuck():
    few = Constraint("blocks <= 3", lambda params, metrics: params["blocks"] - 3)
    swept = Swept(Stuck(), space=Space(MIXED.parameters, (few,))).run(5)
    states = "".join(trial.state[0] for trial in swept.trials)
    assert all(len(between) >= 10 for between in re.findall("i+", states))
    assert states.count("c") + states.count("f") == 5
    assert len(states) < 90


def test_the_search_gives_up_where_no_point_holds():
    never = Constraint("blocks > 9", lambda params, metrics: 9.5 - params["blocks"])
    with pytest.raises(HeadwayError, match="1000 points in a row") as error:
        Swept("random", space=Space(MIXED.parameters, (never,))).run(1)
    assert error.value.code == "sweep-infeasible"


def constrained_by_hand(seed, count):
    """Optuna's own way: the trial is given its constraint."""

    def objective(trial):
        params = by_hand(trial)
        trial.set_constraint("0", 4 - params["blocks"])
        return loss(params)

    study = optuna.create_study(study_name="study", sampler=TPE(n_startup_trials=5).build(seed, MIXED))
    study.optimize(objective, n_trials=count)
    return study


def test_constraints_on_metrics_reach_the_sampler():
    space = Space(MIXED.parameters, (FAST,))
    swept = Swept("tpe", "none", 6, space)
    swept.run(30, lambda params: {"latency": 7 - params["blocks"]})
    study = constrained_by_hand(6, 30)
    assert [dict(trial.params) for trial in swept.trials] == [params_of(trial) for trial in study.trials]
    free = Swept("tpe", "none", 6).run(30)
    assert [t.params for t in swept.trials] != [t.params for t in free.trials]
    complete = [trial for trial in swept.trials if trial.state == "complete"]
    assert all(trial.violations == (4 - trial.params["blocks"],) for trial in complete)


def test_any_seed_is_taken():
    assert Swept(seed=2**32 + 3).run(12).lines == Swept(seed=3).run(12).lines


def test_a_nan_fails_a_trial_and_infinity_does_not():
    engine = (swept := Swept("random")).engine
    for values in ([math.nan], [math.inf], [1.0]):
        engine.tell(engine.ask().number, "complete", values)
    assert [trial.state for trial in swept.trials] == ["failed", "complete", "complete"]
    assert swept.trials[0].reason == "an objective is not a number"


@pytest.mark.parametrize("sampler", ["tpe", "gaussian_process", "cma_es", "nsga2"])
def test_samplers_go_on_after_infinite_values(sampler):
    engine = (swept := Swept(sampler, "median")).engine
    count = 5 if sampler == "gaussian_process" else 9
    for number in range(count):
        asked = engine.ask()
        engine.report(asked.number, 1, math.nan if number == 3 else -math.inf)
        engine.tell(asked.number, "complete", [math.inf if number % 3 else loss({**asked.params, "blocks": 1})])
    assert len(swept.trials) == count


def test_a_resumed_trial_repeats_its_reports_to_no_effect():
    engine = (swept := Swept("random", "threshold")).engine
    number = engine.ask().number
    assert [engine.report(number, step, 1.0) for step in (1, 2, 1, 2)] == [False] * 4
    assert [engine.report(number, step, value) for step, value in ((3, 9.0), (3, 0.0), (4, 0.0))] == [True] * 3
    assert engine.running[0].is_pruned
    engine.tell(number, "pruned", reason="above 2.5")
    assert engine.report(number, 5, 0.0)
    (trial,) = swept.trials
    assert (trial.reports, trial.state, trial.reason) == (((1, 1.0), (2, 1.0), (3, 9.0)), "pruned", "above 2.5")


@pytest.mark.parametrize("sampler", FINITE_ONLY)
@pytest.mark.parametrize("workers", [1, 4])
def test_a_finite_space_is_tried_once_and_then_the_study_ends(sampler, workers):
    space = Space((*FINITE.parameters[1:2], Parameter("x", Choice((True, None), (True, None)))))
    engine = Swept(sampler, space=space).engine
    drawn, running = [], []
    while (asked := engine.ask()) is not None:
        drawn.append(asked)
        running.append(asked.number)
        if len(running) == workers:
            engine.tell(running.pop(0), "complete", [1.0])
    assert engine.is_exhausted
    assert sorted(str(asked.params) for asked in drawn) == sorted(
        str({"blocks": n, "x": x}) for n in range(1, 7) for x in (True, None)
    )


def test_brute_force_leaves_out_what_does_not_count_and_what_was_enqueued():
    space = Space(FINITE.parameters, enqueue=({"model": "resnet", "blocks": 2},))
    swept = Swept("brute_force", space=space).run(1000)
    points = [str(trial.params) for trial in swept.trials]
    assert len(points) == len(set(points)) == 6 + 6 * 6 * 3


def test_a_grid_has_enqueued_points_beside_it():
    space = Space(FINITE.parameters[1:2], enqueue=({"blocks": 2},))
    swept = Swept("grid", space=space)
    for _ in range(7):
        swept.engine.tell(swept.engine.ask().number, "complete", [0.0])
    assert swept.engine.ask() is None
    assert sorted(trial.params["blocks"] for trial in swept.trials) == [1, 2, 2, 3, 4, 5, 6]
