"""Regret of the samplers on tables of trained networks: the engine's, plain Optuna's at equal seeds, and random search.

It needs ``HEADWAY_DATA`` (the folder of ``hpo_reference``). ``python -m tests.benchmarks.bench_sampling [SAMPLER ...]``
measures some samplers only. Regret is the distance of the best value so far from the best of the table, the mean over
the trained seeds of each configuration being its value.
"""

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import polars as pl
from headway_optuna.engine import Engine
from headway_optuna.genetic import NSGA2, NSGA3
from headway_optuna.pruners import NoPruner
from headway_optuna.quiet import quiet
from headway_optuna.samplers import CMAES, QMC, TPE, BruteForce, GaussianProcess, Grid, Random, Sampler
from headway_optuna.space.distributions import Choice, Int

from tests.benchmarks.ratio import Ratio

SEEDS = 20
AFTER = (50, 100)
SAMPLERS: dict[str, tuple[Sampler, Callable[..., Any]]] = {
    "random": (Random(), optuna.samplers.RandomSampler),
    "tpe": (TPE(), optuna.samplers.TPESampler),
    "cma_es": (CMAES(), optuna.samplers.CmaEsSampler),
    "nsga2": (NSGA2(population_size=10), lambda seed: optuna.samplers.NSGAIISampler(population_size=10, seed=seed)),
    "nsga3": (NSGA3(population_size=10), lambda seed: optuna.samplers.NSGAIIISampler(population_size=10, seed=seed)),
    "qmc": (QMC(scramble=True), lambda seed: optuna.samplers.QMCSampler(scramble=True, seed=seed)),
    "grid": (Grid(), optuna.samplers.GridSampler),
    "brute_force": (BruteForce(), optuna.samplers.BruteForceSampler),
    "gaussian_process": (GaussianProcess(), optuna.samplers.GPSampler),
}
SLOW = ("gaussian_process",)
"""Minutes a study: compared with plain Optuna at the first seed only."""


@dataclass(frozen=True)
class Grown:
    """A table: numbers by their place in their order, texts as choices.

    Attributes:
        values: Parameter to its values in the table.
        losses: Places to the loss, less the best of all.
    """

    values: dict[str, list[Any]]
    losses: dict[tuple[Any, ...], float]

    @property
    def space(self) -> Any:
        """For the engine."""
        parameters = [SimpleNamespace(key=key, distribution=self._distribution(key), when=None) for key in self.values]
        return SimpleNamespace(parameters=parameters, constraints=(), enqueue=(), words=lambda params: ())

    def _distribution(self, key: str) -> Any:
        values = self.values[key]
        return Choice(tuple(values), tuple(values)) if self.is_text(key) else Int(0, len(values) - 1)

    def is_text(self, key: str) -> bool:
        """Whether the values have no order."""
        return isinstance(self.values[key][0], str)

    def regret(self, params: dict[str, Any]) -> float:
        """Of one configuration."""
        return self.losses[tuple(params[key] for key in self.values)]


@cache
def tables() -> dict[str, Grown]:
    """The tables, by their names."""
    folder = Path(os.environ["HEADWAY_DATA"]) / "hpo_reference"
    files = {"credit_g": ("hpobench_credit_g", "val_acc", -1), "protein": ("hpolib_protein_structure", "val_loss", 1)}
    return {name: _read(folder / f"{file}.parquet", column, sign) for name, (file, column, sign) in files.items()}


def _read(path: Path, column: str, sign: int) -> Grown:
    frame = pl.read_parquet(path)
    keys = [name for name in frame.columns if not name.startswith(("val_", "train_time"))]
    values = {key: frame[key].unique().sort().to_list() for key in keys}
    places = {key: {v: v if isinstance(v, str) else place for place, v in enumerate(values[key])} for key in keys}
    seeds = [name for name in frame.columns if name.startswith(column)]
    losses = (sign * frame.select(pl.mean_horizontal(pl.col(seeds).cast(pl.Float64))).to_series()).to_list()
    best = min(losses)
    rows = frame.select(keys).iter_rows()
    found = {
        tuple(places[key][v] for key, v in zip(keys, row, strict=True)): loss - best
        for row, loss in zip(rows, losses, strict=True)
    }
    return Grown(values, found)


def ours(table: Grown, sampler: str, seed: int) -> list[tuple[dict[str, Any], float]]:
    """The trials of Headway's engine."""
    engine = Engine("study", ["minimize"], table.space, SAMPLERS[sampler][0], NoPruner(), seed)
    done = []
    for _ in range(max(AFTER)):
        asked = engine.ask()
        engine.tell(asked.number, "complete", [table.regret(asked.params)])
        done.append((dict(asked.params), table.regret(asked.params)))
    return done


def theirs(table: Grown, sampler: str, seed: int) -> list[tuple[dict[str, Any], float]]:
    """The trials of a hand-written loop."""

    def objective(trial: optuna.Trial) -> float:
        return table.regret(
            {
                key: trial.suggest_categorical(key, values) if table.is_text(key)
                else trial.suggest_int(key, 0, len(values) - 1)
                for key, values in table.values.items()
            }
        )  # fmt: skip

    make = SAMPLERS[sampler][1]
    if sampler == "grid":
        grid = {key: v if table.is_text(key) else list(range(len(v))) for key, v in table.values.items()}
        study = optuna.create_study(study_name="study", sampler=make(grid, seed))
    else:
        study = optuna.create_study(study_name="study", sampler=make(seed=seed))
    study.optimize(objective, n_trials=max(AFTER))
    return [(trial.params, trial.value) for trial in study.trials]


def regrets(sampler: str, name: str) -> dict[int, float]:
    """Mean regret after so many trials; raises if a sequence is not plain Optuna's."""
    table, best = tables()[name], {count: [] for count in AFTER}
    for seed in range(SEEDS):
        trials = ours(table, sampler, seed)
        if seed == 0 or sampler not in SLOW:
            with quiet():
                same = trials == theirs(table, sampler, seed)
            assert same, f"{sampler}, {name}, seed {seed}: not what Optuna draws"
        for count in AFTER:
            best[count].append(min(regret for _, regret in trials[:count]))
    return {count: statistics.mean(values) for count, values in best.items()}


def measure(*samplers: str) -> Iterator[Ratio]:
    """Mean regrets after 100 trials (in thousandths, not milliseconds) to those of random search."""
    if not os.environ.get("HEADWAY_DATA"):
        return
    chosen = ["random", *(name for name in samplers or set(SAMPLERS) - set(SLOW) if name != "random")]
    for table in tables():
        found = {}
        for name in sorted(chosen, key=list(SAMPLERS).index):
            found[name] = regrets(name, table)
            row = "  ".join(f"after {count}: {found[name][count]:.5f}" for count in AFTER)
            print(f"     {table:<9} {name:<17} regret {row}  (equal to plain Optuna)")
        last = max(AFTER)
        if "tpe" in found:
            yield Ratio(f"regret on {table}, TPE to random", found["tpe"][last], found["random"][last], 1.2)


if __name__ == "__main__":
    for result in measure(*sys.argv[1:]):
        print(result)
