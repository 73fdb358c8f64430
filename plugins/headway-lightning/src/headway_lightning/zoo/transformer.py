"""The layers of `headway_lightning.zoo.ft_transformer.FTTransformer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from headway_lightning.dropout import Dropout
from headway_lightning.inputs.tokens import Tokens

if TYPE_CHECKING:
    from headway_lightning.zoo.ft_transformer import FTTransformer


class Attention(nn.Module):
    """Multi-head attention.

    Args:
        size: Numbers of a token.
        heads: How many heads share them.
        dropout: Share of attention that is silenced in training.
    """

    def __init__(self, size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(size, size) for _ in range(4))
        for layer in (self.query, self.key, self.value, self.out):
            nn.init.zeros_(layer.bias)
        self.dropout = Dropout(dropout)
        self._heads = heads

    def forward(self, asking: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        """(rows, tokens that ask, size) and (rows, tokens asked, size) → the shape of the first."""
        query, key, value = (self._split(part) for part in (self.query(asking), self.key(asked), self.value(asked)))
        scores = query @ key.transpose(-1, -2) * (query.shape[-1] ** -0.5)
        heard = self.dropout(torch.softmax(scores, dim=-1)) @ value
        given: torch.Tensor = self.out(heard.transpose(1, 2).flatten(2))
        return given

    def _split(self, given: torch.Tensor) -> torch.Tensor:
        """(rows, tokens, size) → (rows, heads, tokens, size / heads)."""
        return given.unflatten(-1, (self._heads, -1)).transpose(1, 2)


class ReGLU(nn.Module):
    """Half of the numbers times ReLU of the other half (Shazeer, 2020, https://arxiv.org/abs/2002.05202)."""

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """(…, 2 n) → (…, n)."""
        first, second = given.chunk(2, dim=-1)
        return first * torch.relu(second)


def norm(size: int, here: bool) -> nn.Module:
    """Normalises tokens, if this is the place."""
    return nn.LayerNorm(size) if here else nn.Identity()


class Block(nn.Module):
    """Attention, then two linear layers, which add to the tokens; each is given normalised ones, or normalises the sum.

    Args:
        stage: Sizes, dropout, and where to normalise.
        first: Whether it is the first block, whose attention is given tokens as they are.
    """

    def __init__(self, stage: FTTransformer, first: bool) -> None:
        super().__init__()
        size, hidden = stage.width, max(1, int(stage.width * stage.expansion))
        early = stage.prenormalization
        self.before = norm(size, early and not first)
        self.between, self.after = (norm(size, not early) for _ in range(2))
        self.attention = Attention(size, stage.heads, stage.attention_dropout)
        self.dropout = Dropout(stage.residual_dropout)
        self.layers = nn.Sequential(
            norm(size, early),
            nn.Linear(size, 2 * hidden),
            ReGLU(),
            Dropout(stage.dropout),
            nn.Linear(hidden, size),
            Dropout(stage.residual_dropout),
        )

    def forward(self, tokens: torch.Tensor, asking: int | None = None) -> torch.Tensor:
        """(rows, tokens, size) → (rows, those that ask, size), all of them by default."""
        normal = self.before(tokens)
        tokens = self.between(tokens[:, :asking] + self.dropout(self.attention(normal[:, :asking], normal)))
        given: torch.Tensor = self.after(tokens + self.layers(tokens))
        return given


class Transformer(nn.Module):
    """Tokens → scores, read off the first token; in the last block only that one asks.

    Args:
        tokens: Arrays → (rows, tokens, size).
        outputs: Scores a row.
        stage: Sizes, dropout, and where to normalise.
    """

    def __init__(self, tokens: Tokens, outputs: int, stage: FTTransformer) -> None:
        super().__init__()
        self.tokens = tokens
        self.blocks = nn.ModuleList(Block(stage, number == 0) for number in range(stage.blocks))
        last = norm(stage.width, stage.prenormalization)
        self.head = nn.Sequential(last, nn.ReLU(), nn.Linear(stage.width, outputs))

    def fit(self, arrays: Sequence[torch.Tensor]) -> None:
        """See `Tokens.fit`."""
        self.tokens.fit(arrays)

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """(rows, …) each → (rows, outputs)."""
        tokens = self.tokens(*arrays)
        *blocks, last = self.blocks
        for block in blocks:
            tokens = block(tokens)
        given: torch.Tensor = self.head(last(tokens, 1)[:, 0])
        return given
