"""What a sweep searches: parameters with their distributions, conditions and constraints."""

from headway_optuna.space.command_line import split
from headway_optuna.space.conditions import Condition
from headway_optuna.space.constraints import Constraint
from headway_optuna.space.distributions import Choice, Distribution, Float, Int
from headway_optuna.space.parameters import Parameter
from headway_optuna.space.probing import check, probes
from headway_optuna.space.reading import read
from headway_optuna.space.space import Space

__all__ = [
    "Choice", "Condition", "Constraint", "Distribution", "Float", "Int", "Parameter", "Space", "check", "probes",
    "read", "split",
]  # fmt: skip
