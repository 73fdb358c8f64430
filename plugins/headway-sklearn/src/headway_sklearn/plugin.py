"""What headway-sklearn registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_sklearn.baselines import Linear, Majority
from headway_sklearn.models import LinearModel, MajorityModel


def headway_register(registry: Registry) -> None:
    """Registers the baselines ``majority`` and ``linear``, and their artifacts."""
    registry.add("model", "majority", Majority)
    registry.add("model", "linear", Linear)
    registry.add("artifact", MajorityModel.type_name, MajorityModel)
    registry.add("artifact", LinearModel.type_name, LinearModel)
