"""What headway-optuna registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_optuna.command import SweepCommand
from headway_optuna.config import Sweep
from headway_optuna.genetic import NSGA2, NSGA3
from headway_optuna.pruners import PRUNERS
from headway_optuna.samplers import CMAES, QMC, TPE, BruteForce, GaussianProcess, Grid, Random

SAMPLERS = (TPE, Random, Grid, GaussianProcess, CMAES, NSGA2, NSGA3, QMC, BruteForce)


def headway_register(registry: Registry) -> None:
    """Registers the command, its node, samplers and pruners."""
    registry.add("command", SweepCommand.name, SweepCommand)
    registry.add("node", "sweep", Sweep)
    for sampler in SAMPLERS:
        registry.add("sampler", sampler.name, sampler)
    for name, pruner in PRUNERS.items():
        registry.add("pruner", name, pruner)
