"""The transforms that come with headway-tabular."""

from __future__ import annotations

from headway_tabular.transforms.base import Transform
from headway_tabular.transforms.bins import Bins
from headway_tabular.transforms.clip import Clip
from headway_tabular.transforms.cross import Cross
from headway_tabular.transforms.impute import Impute
from headway_tabular.transforms.log import Log
from headway_tabular.transforms.one_hot import OneHot
from headway_tabular.transforms.periodic import Periodic
from headway_tabular.transforms.piecewise_linear import PiecewiseLinear
from headway_tabular.transforms.scale import Scale
from headway_tabular.transforms.target_mean import TargetMean
from headway_tabular.transforms.vocabulary import Vocabulary

TRANSFORMS: tuple[tuple[str, type[Transform]], ...] = (
    ("bins", Bins),
    ("clip", Clip),
    ("cross", Cross),
    ("impute", Impute),
    ("log", Log),
    ("one_hot", OneHot),
    ("periodic", Periodic),
    ("piecewise_linear", PiecewiseLinear),
    ("scale", Scale),
    ("target_mean", TargetMean),
    ("vocabulary", Vocabulary),
)
"""Name in configs to class."""
