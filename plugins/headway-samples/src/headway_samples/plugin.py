"""What headway-samples registers."""

from __future__ import annotations

from pathlib import Path

from headway.plugins import Registry


def headway_register(registry: Registry) -> None:
    """Registers the folder of configs: ``data=adult``, ``data=flights``."""
    registry.add("configs", "headway-samples", Path(__file__).parent / "conf")
