"""One worker and a seed: the journal's trials are those of a plain Optuna loop."""

import optuna
import pytest
from headway_optuna.quiet import quiet
from sweep_toy import SPACE, Here

LAYERS = ("one", "two", "three")
TRIALS = 16
COMBINATIONS = [
    ("tpe", optuna.samplers.TPESampler(seed=5, constant_liar=True), "median", optuna.pruners.MedianPruner()),
    ("random", optuna.samplers.RandomSampler(seed=5), "none", optuna.pruners.NopPruner()),
    ("nsga2", optuna.samplers.NSGAIISampler(seed=5), "hyperband", optuna.pruners.HyperbandPruner()),
    ("qmc", None, "successive_halving", optuna.pruners.SuccessiveHalvingPruner()),
]


def loop(sampler, pruner):
    """What people write by hand: number, values and state of each trial."""

    def objective(trial):
        x, y = trial.suggest_float("model.x", -3, 3), trial.suggest_int("model.y", 0, 8)
        layers = 1 + LAYERS.index(trial.suggest_categorical("model.layers", LAYERS))
        loss = (x - 1) ** 2 + abs(y - 3) + 0.1 * layers
        for step in range(1, 5):
            trial.report(loss + 1 / step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss

    with quiet():
        study = optuna.create_study(study_name="toy", sampler=sampler, pruner=pruner)
        study.optimize(objective, n_trials=TRIALS)
    states = {"COMPLETE": "complete", "PRUNED": "pruned"}
    return [
        (
            trial.params["model.x"], trial.params["model.y"], 1 + LAYERS.index(trial.params["model.layers"]),
            states[trial.state.name], trial.value if trial.state.name == "COMPLETE" else None,
            dict(trial.intermediate_values),
        )
        for trial in study.trials
    ]  # fmt: skip


def told(trials):
    return [
        (
            trial.params["model.x"], trial.params["model.y"], len(trial.params["model.layers"]),
            trial.state, trial.values[0] if trial.values else None, dict(trial.reports),
        )
        for trial in trials
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "sampler", "judge", "pruner"), COMBINATIONS, ids=[each[0] for each in COMBINATIONS])
def test_the_trials_are_those_of_a_plain_loop(tmp_path, name, sampler, judge, pruner):
    if sampler is None:
        with quiet():
            sampler = optuna.samplers.QMCSampler(seed=5)
    toy = Here(tmp_path)
    words = (f"sweep.sampler={name}", f"sweep.pruner={judge}", "sweep.seed=5", f"sweep.trials={TRIALS}")
    done = toy.sweep(*SPACE, *words)
    assert done.returncode == 0, done.err
    expected = loop(sampler, pruner)
    assert told(toy.trials) == expected
    assert {state for *_, state, _, _ in expected} == ({"complete"} if judge == "none" else {"complete", "pruned"})


def test_they_are_even_if_all_that_they_compute_is_there_already(tmp_path):
    toy = Here(tmp_path)
    words = (*SPACE, "sweep.seed=5", f"sweep.trials={TRIALS}")
    assert toy.sweep(*words, "sweep.pruner=none").returncode == 0
    first = told(toy.trials)
    assert toy.headway("sweep", "remove", "toy").returncode == 0
    computed = len(toy.computed)
    assert toy.sweep(*words, "sweep.pruner=none").returncode == 0
    assert told(toy.trials) == first
    assert len(toy.computed) == computed
    assert [event["event"] for event in toy.events if event["event"] in ("ask", "tell")] == ["ask", "tell"] * TRIALS


def test_a_trial_is_told_before_the_next_is_asked_and_asks_come_in_order(tmp_path):
    toy = Here(tmp_path)
    assert toy.sweep("model.y=1,2", "sweep.sampler=random", "sweep.trials=6").returncode == 0
    kinds = [(event["event"], event["trial"]) for event in toy.events if event["event"] in ("ask", "begin", "tell")]
    assert kinds == [(kind, number) for number in range(6) for kind in ("ask", "begin", "tell")]
    assert toy.computed.count("step 0.0 1") == 2, "equal points are computed once"
