"""Transforms of columns: fitted on training rows, run as part of the served graph."""

from headway_tabular.transforms.base import Block, Fit, Fitted, Transform

__all__ = ["Block", "Fit", "Fitted", "Transform"]
