"""Spaces and objectives that are searched by the engine, and by hand with plain Optuna."""

import json
import logging
import math
import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import optuna
from headway_optuna.engine import Engine
from headway_optuna.genetic import NSGA2, NSGA3
from headway_optuna.pruners import (
    HyperbandPruner,
    MedianPruner,
    NoPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)
from headway_optuna.samplers import CMAES, QMC, TPE, BruteForce, GaussianProcess, Grid, Random
from headway_optuna.space.distributions import Choice, Float, Int
from headway_optuna.trial import Trial, trials


@dataclass(frozen=True)
class Condition:
    test: Callable[[dict], bool]

    def holds(self, params):
        return self.test(params)


@dataclass(frozen=True)
class Constraint:
    text: str
    amount: Callable[[dict, dict], float]
    needs_metrics: bool = False

    def violation(self, params, metrics):
        return self.amount(params, metrics)

    def __str__(self):
        return self.text


@dataclass(frozen=True)
class Parameter:
    key: str
    distribution: Any
    when: Condition | None = None
    where: Any = None


@dataclass(frozen=True)
class Space:
    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...] = ()
    enqueue: tuple[dict, ...] = ()

    def words(self, params):
        return tuple(f"{key}={json.dumps(value)}" for key, value in params.items())


MLP = Condition(lambda params: params.get("model") == "mlp")
WIDTHS = Choice(([8], [8, 8], None), ("[8]", "[8, 8]", None))
MIXED = Space(
    (
        Parameter("model", Choice(("mlp", "resnet"), ("mlp", "resnet"))),
        Parameter("rate", Float(1e-4, 1e-1, log=True)),
        Parameter("blocks", Int(1, 6)),
        Parameter("dropout", Float(0.0, 0.5, step=0.1), MLP),
        Parameter("widths", WIDTHS, MLP),
        Parameter("decay", Float(0.0, 1.0)),
    )
)
FAST = Constraint("latency <= 3", lambda params, metrics: metrics["latency"] - 3, needs_metrics=True)
FINITE = Space(tuple(p for p in MIXED.parameters if p.key not in ("rate", "decay")))


def by_hand(trial):
    """What a user writes for `MIXED`."""
    params = {"model": trial.suggest_categorical("model", ["mlp", "resnet"])}
    params["rate"] = trial.suggest_float("rate", 1e-4, 1e-1, log=True)
    params["blocks"] = trial.suggest_int("blocks", 1, 6)
    if params["model"] == "mlp":
        params["dropout"] = round(trial.suggest_float("dropout", 0.0, 0.5, step=0.1), 9)
        params["widths"] = trial.suggest_categorical("widths", ["[8]", "[8, 8]", None])
    params["decay"] = trial.suggest_float("decay", 0.0, 1.0)
    return params


def finite_by_hand(trial):
    """The same for `FINITE`."""
    params = {
        "model": trial.suggest_categorical("model", ["mlp", "resnet"]),
        "blocks": trial.suggest_int("blocks", 1, 6),
    }
    if params["model"] == "mlp":
        params["dropout"] = round(trial.suggest_float("dropout", 0.0, 0.5, step=0.1), 9)
        params["widths"] = trial.suggest_categorical("widths", ["[8]", "[8, 8]", None])
    return params


def loss(params, step=5):
    """An objective that depends on all parameters and falls with the steps, NaN now and then."""
    start = abs(math.log(params.get("rate", 1e-2) / 3e-3)) + 0.3 * params["blocks"] + params.get("decay", 0)
    start += (params["model"] == "mlp") * (0.5 - params.get("dropout", 0)) + 0.2 * (params.get("widths") is None)
    if params["blocks"] == 5:
        return math.nan
    return start / (1 + 0.3 * step) + 0.01 * math.sin(40 * start * step)


def objectives(params, count):
    """Several: the last ones are what the parameters cost."""
    return (loss(params), params["blocks"] * 1.5 - params.get("decay", 0), params.get("rate", 0.1))[:count]


SAMPLERS = {
    sampler.name: sampler
    for sampler in (
        TPE(n_startup_trials=5), Random(), GaussianProcess(n_startup_trials=4), CMAES(popsize=4),
        NSGA2(population_size=5), NSGA3(population_size=5), QMC(scramble=True), Grid(), BruteForce(),
    )
}  # fmt: skip
PRUNERS = {
    pruner.name: pruner
    for pruner in (
        NoPruner(), MedianPruner(n_startup_trials=3), PercentilePruner(40.0, n_startup_trials=2),
        SuccessiveHalvingPruner(min_resource=1, reduction_factor=2), HyperbandPruner(1, 5, 2),
        ThresholdPruner(upper=2.5), WilcoxonPruner(),
    )
}  # fmt: skip


def theirs(name, seed, space=FINITE):
    """The same samplers, as a user makes them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        s = optuna.samplers
        values = {
            "model": ["mlp", "resnet"], "blocks": [1, 2, 3, 4, 5, 6],
            "dropout": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5], "widths": ["[8]", "[8, 8]", None],
        }  # fmt: skip
        make = {
            "tpe": lambda: s.TPESampler(n_startup_trials=5, seed=seed),
            "random": lambda: s.RandomSampler(seed),
            "gaussian_process": lambda: s.GPSampler(n_startup_trials=4, seed=seed),
            "cma_es": lambda: s.CmaEsSampler(popsize=4, seed=seed),
            "nsga2": lambda: s.NSGAIISampler(population_size=5, seed=seed),
            "nsga3": lambda: s.NSGAIIISampler(population_size=5, seed=seed),
            "qmc": lambda: s.QMCSampler(scramble=True, seed=seed),
            "grid": lambda: s.GridSampler(values, seed),
            "brute_force": lambda: s.BruteForceSampler(seed),
        }
        return make[name]()


def their_pruner(name):
    """The same pruners, as a user makes them."""
    p = optuna.pruners
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make = {
            "none": p.NopPruner,
            "median": lambda: p.MedianPruner(n_startup_trials=3),
            "percentile": lambda: p.PercentilePruner(40.0, n_startup_trials=2),
            "successive_halving": lambda: p.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
            "hyperband": lambda: p.HyperbandPruner(1, 5, 2),
            "threshold": lambda: p.ThresholdPruner(upper=2.5),
            "wilcoxon": p.WilcoxonPruner,
        }
        return make[name]()


@dataclass
class Swept:
    """An engine and the journal that it wrote, in JSON."""

    sampler: str = "tpe"
    pruner: str = "none"
    seed: int = 0
    space: Space = MIXED
    directions: tuple[str, ...] = ("minimize",)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self):
        sampler = SAMPLERS[self.sampler] if isinstance(self.sampler, str) else self.sampler
        pruner = PRUNERS[self.pruner]
        self.engine = Engine("study", self.directions, self.space, sampler, pruner, self.seed, self._record)

    def _record(self, event):
        self.lines.append(json.dumps({**event, "time": 0.0}))

    @property
    def events(self):
        return [json.loads(line) for line in self.lines]

    @property
    def trials(self) -> list[Trial]:
        return trials(self.events)

    def run(self, count, metrics=lambda params: {}):
        """Trials one after another, as one worker has them."""
        for _ in range(count):
            asked = self.engine.ask()
            if asked is None:
                return self
            self.work(asked, metrics)
        return self

    def work(self, asked, metrics=lambda params: {}):
        number = asked.number
        if len(self.directions) > 1:
            self.engine.tell(number, "complete", objectives(asked.params, len(self.directions)))
            return
        if any(self.engine.report(number, step, loss(asked.params, step)) for step in range(1, 6)):
            self.engine.tell(number, "pruned")
            return
        violations = [c.violation(asked.params, metrics(asked.params)) for c in self.space.constraints]
        self.engine.tell(number, "complete", [loss(asked.params)], violations)

    def at_random(self, moves, chance: random.Random, workers=3):
        """Several workers, whose reports and ends come in any order."""
        steps = {asked.number: (asked, 0) for asked in self.engine.running}
        for _ in range(moves):
            if len(steps) < workers and (not steps or chance.random() < 0.4):
                asked = self.engine.ask()
                if asked is not None:
                    steps[asked.number] = asked, 0
                continue
            number = chance.choice(sorted(steps))
            asked, step = steps[number]
            steps[number] = asked, step + 1
            if self._moved(asked, step + 1, chance):
                del steps[number]
        return self

    def _moved(self, asked, step, chance):
        if chance.random() < 0.1:
            self.engine.tell(asked.number, "failed", reason="chance")
        elif len(self.directions) > 1:
            self.engine.tell(asked.number, "complete", objectives(asked.params, len(self.directions)))
        elif step > 5:
            self.engine.tell(asked.number, "complete", [loss(asked.params)], [0.0] * len(self.space.constraints))
        elif self.engine.report(asked.number, step, loss(asked.params, step)):
            self.engine.tell(asked.number, "pruned")
        else:
            return False
        return True


def plain(sampler, pruner, seed, count, *, define=by_hand, directions=("minimize",), enqueue=()):
    """The study that a hand-written loop makes."""

    def objective(trial):
        params = define(trial)
        if len(directions) > 1:
            return objectives(params, len(directions))
        for step in range(1, 6):
            trial.report(loss(params, step), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss(params)

    logging.getLogger("optuna").setLevel(logging.ERROR)
    study = optuna.create_study(
        study_name="study", directions=directions, sampler=theirs(sampler, seed), pruner=their_pruner(pruner)
    )
    for point in enqueue:
        study.enqueue_trial(point)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study.optimize(objective, n_trials=count)
    return study


NAMES = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL", "infeasible": "FAIL", "running": "RUNNING"}


def seen(trial: Trial):
    """What is compared, as text so that NaN equals itself."""
    values = list(trial.values) or None
    return repr((trial.number, dict(trial.params), NAMES[trial.state], values, dict(trial.reports)))


def seen_plain(trial):
    """The same of Optuna's."""
    values = trial.values if trial.state.name == "COMPLETE" else None
    return repr((trial.number, params_of(trial), trial.state.name, values, trial.intermediate_values))


def params_of(trial):
    """What Optuna drew, as configs hold it: 0.3 where steps add up to 0.30000000000000004."""
    kept = {key: round(value, 9) if key == "dropout" else value for key, value in trial.params.items()}
    return kept | ({"widths": json.loads(kept["widths"])} if kept.get("widths") else {})
