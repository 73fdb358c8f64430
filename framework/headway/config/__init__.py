"""Configs: composed by Hydra's rules, checked against the stages, every value with its origin."""

from __future__ import annotations

from headway.config.check import check
from headway.config.compose import compose
from headway.config.grammar import expand
from headway.config.model import Config, Experiment, Runner, StageConfig

__all__ = ["Config", "Experiment", "Runner", "StageConfig", "check", "compose", "expand"]
