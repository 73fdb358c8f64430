"""What headway-deployment registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_deployment.command import Predict
from headway_deployment.package import Package
from headway_deployment.stage import PackageStage


def headway_register(registry: Registry) -> None:
    """Registers the package, the stage that makes it and the command that scores rows with it."""
    registry.add("artifact", Package.type_name, Package)
    registry.add("deployment", "package", PackageStage)
    registry.add("command", Predict.name, Predict)
