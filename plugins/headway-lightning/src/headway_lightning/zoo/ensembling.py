"""The layers of `headway_lightning.zoo.tabm.TabM`: (rows, members, inputs) → (rows, members, outputs)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from headway_lightning.dropout import Dropout
from headway_lightning.inputs.embeddings import ColumnLinear, uniform

if TYPE_CHECKING:
    from headway_lightning.zoo.tabm import TabM


def scales(members: int, sizes: Sequence[int], normal: bool) -> torch.Tensor:
    """How members look at the input at the beginning, shape (members, sum of sizes): one random number a feature.

    Args:
        members: How many there are.
        sizes: How many numbers each feature takes.
        normal: Whether they are drawn from the normal distribution, as behind embeddings, or are signs.
    """
    drawn = torch.randn(members, len(sizes))
    chosen = drawn if normal else torch.where(drawn < 0, -1.0, 1.0)
    return chosen.repeat_interleave(torch.tensor(sizes), dim=1)


class Spread(nn.Module):
    """Inputs to members: (rows, inputs) → (rows, 1 or members, inputs).

    Args:
        members: How many there are.
        each: Whether each needs the input for itself, were it the same.
        apart: Whether in training each has rows of its own: (rows · members, inputs) → (rows, members, inputs).
        scale: What each scales it by, shape (members, inputs); None for nothing.
    """

    def __init__(self, members: int, each: bool, apart: bool, scale: torch.Tensor | None = None) -> None:
        super().__init__()
        self.scale = None if scale is None else nn.Parameter(scale)
        self._members, self._each, self._apart = members, each, apart

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """See the class."""
        wide = given.unflatten(0, (-1, self._members)) if self._apart and self.training else given[:, None]
        if self.scale is not None:
            return wide * self.scale
        return wide.expand(-1, self._members, -1) if self._each else wide


class Gather(nn.Module):
    """Scores of members that have rows of their own in training: (rows, members, outputs) → (rows · members, outputs).

    What each gave in evaluation, where all have the same rows, stays apart.
    """

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return given.flatten(0, 1) if self.training else given


class BatchEnsemble(nn.Module):
    """s ∘ W (r ∘ x) + b with one W, and r, s and b of each member (Wen et al., 2020, equation 5).

    All members are one product of rows times members, because W is shared.

    Args:
        members: How many there are.
        inputs: Numbers of x; it may be the same for all members.
        outputs: Numbers of the result.
        first: Where r begins, shape (members, inputs), if not at one. s begins at one, b alike for all.
    """

    def __init__(self, members: int, inputs: int, outputs: int, first: torch.Tensor | None = None) -> None:
        super().__init__()
        self.weight = uniform(outputs, inputs, inputs=inputs)
        self.before = nn.Parameter(torch.ones(members, inputs) if first is None else first)
        self.after = nn.Parameter(torch.ones(members, outputs))
        self.bias = nn.Parameter(uniform(outputs, inputs=inputs).detach().repeat(members, 1))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """(rows, 1 or members, inputs) → (rows, members, outputs)."""
        shared = functional.linear(given * self.before.to(given.dtype), self.weight)
        # Under autocast what is between two layers is bfloat16, and the vectors are made so: half the memory to move.
        return torch.addcmul(self.bias.to(shared.dtype), shared, self.after.to(shared.dtype))


def members(stage: TabM, sizes: Sequence[int], outputs: int, normal: bool) -> nn.Sequential:
    """(rows, sum of sizes) → scores of shape (rows, members, outputs); for training on batches apart see `Spread`.

    Args:
        stage: Variant and sizes.
        sizes: How many numbers each feature takes.
        outputs: Scores of a member.
        normal: See `scales`.
    """
    count, width, apart = stage.members, sum(sizes), not stage.share_batches
    first = None if stage.variant == "packed" else scales(count, sizes, normal)
    layers: list[nn.Module] = [
        Spread(count, stage.variant == "packed", apart, first if stage.variant == "mini" else None)
    ]
    for number in range(stage.blocks):
        layers += [_layer(stage, width, first if number == 0 else None), nn.ReLU(), Dropout(stage.dropout)]
        width = stage.width
    layers += [ColumnLinear(count, width, outputs), *([Gather()] if apart else [])]
    return nn.Sequential(*layers)


def _layer(stage: TabM, inputs: int, first: torch.Tensor | None) -> nn.Module:
    if stage.variant == "mini":
        return nn.Linear(inputs, stage.width)
    if stage.variant == "packed":
        return ColumnLinear(stage.members, inputs, stage.width)
    return BatchEnsemble(stage.members, inputs, stage.width, first)
