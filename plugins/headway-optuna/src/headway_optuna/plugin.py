"""What headway-optuna registers."""

from __future__ import annotations

from headway.plugins import Registry


def headway_register(registry: Registry) -> None:
    """Registers the command, its node, samplers and pruners."""
