"""What headway-wandb registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_wandb.tracker import Wandb


def headway_register(registry: Registry) -> None:
    """Registers the tracker ``wandb``."""
    registry.add("tracker", "wandb", Wandb)
