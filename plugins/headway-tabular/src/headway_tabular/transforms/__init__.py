"""Transforms of columns: fitted on training rows, run as part of the served graph."""

from headway_tabular.transforms.base import Block, Fit, Fitted, Transform
from headway_tabular.transforms.library import TRANSFORMS
from headway_tabular.transforms.vocabulary import Vocabulary

__all__ = ["TRANSFORMS", "Block", "Fit", "Fitted", "Transform", "Vocabulary"]
