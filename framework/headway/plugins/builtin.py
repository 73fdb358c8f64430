"""What the core itself registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headway import contracts, metrics

if TYPE_CHECKING:
    from headway.plugins.registry import Registry


def headway_register(registry: Registry) -> None:
    """Registers the artifact types of the contracts, chains and the standard metrics; plugins register all else."""
    for artifact in (
        contracts.Dataset,
        contracts.Features,
        contracts.Predictor,
        contracts.Predictions,
        contracts.Report,
    ):
        registry.add("artifact", artifact.type_name, artifact)
    registry.add("runtime", contracts.CHAIN, contracts.Chain)
    for metric in metrics.STANDARD:
        registry.add("metric", metric.name, metric)
