"""Runs followed in Weights & Biases."""

from headway_wandb.tracker import Wandb

__all__ = ["Wandb"]
