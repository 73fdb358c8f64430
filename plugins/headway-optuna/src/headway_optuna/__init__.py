"""Sweeps with Optuna that lose nothing, wait for nobody and recompute nothing."""

from headway_optuna.pruners import Pruner
from headway_optuna.samplers import Sampler

__all__ = ["Pruner", "Sampler"]
