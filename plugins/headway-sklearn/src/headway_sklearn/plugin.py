"""What headway-sklearn registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_sklearn.baselines import Linear, Majority
from headway_sklearn.boosting import HistGradientBoosting
from headway_sklearn.models import BoostedTrees, LinearModel, MajorityModel


def headway_register(registry: Registry) -> None:
    """Registers the models ``majority``, ``linear`` and ``hist_gradient_boosting``, and their artifacts."""
    registry.add("model", "majority", Majority)
    registry.add("model", "linear", Linear)
    registry.add("model", "hist_gradient_boosting", HistGradientBoosting)
    registry.add("artifact", MajorityModel.type_name, MajorityModel)
    registry.add("artifact", LinearModel.type_name, LinearModel)
    registry.add("artifact", BoostedTrees.type_name, BoostedTrees)
