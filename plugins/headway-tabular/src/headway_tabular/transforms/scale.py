"""`scale`: numbers brought to a common scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge

from headway_tabular.transforms.base import Block, Fit, Fitted, Transform

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True)
class Scale(Transform):
    """Numbers on a common scale; missing and infinite ones stay what they are.

    All methods but `normal` give (x - centre) / scale, within ±10^6; a column of one value is only centred. `normal`
    maps quantiles of the training values to those of the normal distribution, with linear interpolation between
    them, and what lies at or beyond the ends to ±5.2, as scikit-learn's QuantileTransformer does.
    """

    method: Literal["standard", "robust", "minmax", "normal"] = "standard"
    """`standard`: mean and standard deviation; `robust`: median and interquartile range; `minmax`: training values
    to 0 … 1; `normal`: quantiles to the normal distribution."""
    n_quantiles: Annotated[int, Ge(2)] = 256
    """For `normal`: how many quantiles are kept, at most one a training row."""
    ties: Literal["ends", "middle"] = "ends"
    """For `normal`: where a least or greatest value goes that many training rows share: to ±5.2, as scikit-learn has
    it, or to the middle of their shares, as ties between go, and as the noise puts them that Gorishniy et al. (2021,
    https://arxiv.org/abs/2106.11959) add before they learn quantiles."""

    def fit(self, fit: Fit) -> Fitted:
        """Two numbers a column, or a table of quantiles."""
        module = self._normal(fit.values) if self.method == "normal" else self._affine(fit.values)
        return Fitted(Block("number", fit.block.names), module)

    def _affine(self, values: np.ndarray) -> torch.nn.Module:
        import numpy as np

        from headway_tabular.transforms.modules import columns
        from headway_tabular.transforms.modules.numbers import Affine

        centre, scale = np.zeros(values.shape[1]), np.ones(values.shape[1])
        for index, column in enumerate(columns.known(values)):
            if len(column):
                centre[index], scale[index] = getattr(columns, self.method)(column)
        return Affine(centre, scale)

    def _normal(self, values: np.ndarray) -> torch.nn.Module:
        import numpy as np

        from headway_tabular.transforms.modules import columns
        from headway_tabular.transforms.modules.numbers import Normal

        knots, below, upto = [], [], []
        for column in columns.known(values):
            shares = np.linspace(0.0, 1.0, max(2, min(self.n_quantiles, len(column))))
            quantiles = columns.quantiles(column, shares) if len(column) else np.zeros(2)
            distinct, first, counts = np.unique(quantiles, return_index=True, return_counts=True)
            knots.append(distinct)
            below.append(shares[first])
            upto.append(shares[first + counts - 1])
        return Normal(knots, below, upto, ends=self.ties == "ends")
