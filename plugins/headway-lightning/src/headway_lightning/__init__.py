"""Networks trained by Lightning: subclass `NetworkStage` and write ``network``, or `LightningStage` and ``module``."""

from __future__ import annotations

from headway_lightning.lightning_stage import LightningStage
from headway_lightning.network import NetworkStage
from headway_lightning.trainer import Trainer

__all__ = ["LightningStage", "NetworkStage", "Trainer"]
