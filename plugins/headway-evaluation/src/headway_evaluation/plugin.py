"""What headway-evaluation registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_evaluation.classification import Classification


def headway_register(registry: Registry) -> None:
    """Registers the evaluation of classifiers."""
    registry.add("evaluation", "classification", Classification)
