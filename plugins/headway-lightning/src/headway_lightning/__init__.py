"""Networks trained by Lightning: subclass `NetworkStage` and write ``network``."""

from __future__ import annotations

from headway_lightning.network import NetworkStage, Trainer

__all__ = ["NetworkStage", "Trainer"]
