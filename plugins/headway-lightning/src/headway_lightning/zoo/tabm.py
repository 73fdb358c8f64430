"""TabM: many networks that share most of their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Lt
from headway.contracts import ArraySpec

from headway_lightning.network import Count, NetworkStage
from headway_lightning.trainer import Trainer


@dataclass(frozen=True)
class TabM(NetworkStage):
    """Multilayer perceptrons side by side, averaged.

    Each member has vectors of its own that scale what a shared layer is given and gives; at the beginning they differ
    in the first one alone. The loss is the mean of the members' losses, the answer the mean of their answers. An
    embedding of numbers is shared by all members; `blocks` is then best one less.

    Source: Gorishniy et al. (2024), "TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling",
    https://arxiv.org/abs/2410.24210, after Wen et al. (2020), "BatchEnsemble", https://arxiv.org/abs/2002.06715;
    defaults of the authors' package, search space of their appendix without its trials in which nothing drops out
    or decays.
    """

    chunk: ClassVar[int] = 1024
    space: ClassVar[Mapping[str, str]] = {
        "blocks": "int(interval(1, 5))",
        "width": "choice(64, 128, 192, 256, 384, 512, 640, 768, 1024)",
        "dropout": "interval(0, 0.5)",
        "learning_rate": "tag(log, interval(1e-4, 3e-3))",
        "weight_decay": "tag(log, interval(1e-4, 1e-1))",
    }

    members: Count = 32
    """Networks."""
    variant: Literal["tabm", "mini", "packed"] = "tabm"
    """What members have of their own: vectors at every layer; one vector at the input (mini); all weights (packed)."""
    share_batches: bool = False
    """Whether all members learn from the same batches; by default each goes through the rows in an order of its own,
    which often makes their mean better, and an epoch longer where embeddings of numbers are large or rows are read from
    files."""
    blocks: Count = 3
    """Hidden layers."""
    width: Count = 512
    """Units of each."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1
    """Share of units that are silenced at random in training."""
    embedding: Annotated[int, Ge(0)] = 0
    """Largest size of the embedding of a categorical feature; 0 gives a column a code."""
    learning_rate: Annotated[float, Gt(0)] = 2e-3
    """Size of a step."""
    weight_decay: Annotated[float, Ge(0)] = 3e-4
    """Decay of weights a step; biases, embeddings and the parameters of normalisations do not decay."""
    trainer: Trainer = field(default_factory=lambda: Trainer(gradient_clip=1.0))
    """How it is trained."""

    @property
    def copies(self) -> int:
        """See `NetworkStage`."""
        return 1 if self.share_batches else self.members

    def body(self, inputs: Sequence[ArraySpec], outputs: int, numeric: Any) -> Any:
        """See `NetworkStage`."""
        from headway_lightning.inputs.encoding import Encoded, Encoder
        from headway_lightning.zoo.ensembling import members

        encoder = Encoder(inputs, self.embedding, numeric)
        return Encoded(encoder, members(self, encoder.sizes, outputs, normal=encoder.numeric is not None))
