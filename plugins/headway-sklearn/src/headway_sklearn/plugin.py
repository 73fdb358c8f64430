"""What headway-sklearn registers."""

from __future__ import annotations

from pathlib import Path

from headway.plugins import Registry

from headway_sklearn.baselines import Linear, Majority, Quantile
from headway_sklearn.boosting import HistGradientBoosting
from headway_sklearn.forest import RandomForest
from headway_sklearn.light import LightGBM
from headway_sklearn.models import BoostedTrees, CarriedModel, ForestModel, LightTrees, LinearModel, MajorityModel
from headway_sklearn.persistence import Previous, SeasonalNaive

STAGES = {
    "majority": Majority,
    "quantile": Quantile,
    "previous": Previous,
    "seasonal_naive": SeasonalNaive,
    "linear": Linear,
    "random_forest": RandomForest,
    "hist_gradient_boosting": HistGradientBoosting,
    "lightgbm": LightGBM,
}


def headway_register(registry: Registry) -> None:
    """Registers the models, their artifacts, and configs: ``sweep=lightgbm``."""
    registry.add("configs", "headway-sklearn", Path(__file__).parent / "conf")
    for name, stage in STAGES.items():
        registry.add("model", name, stage)
    for artifact in (MajorityModel, CarriedModel, LinearModel, ForestModel, BoostedTrees, LightTrees):
        registry.add("artifact", artifact.type_name, artifact)
