"""Training a network: what Lightning, metrics and checkpoints cost beyond the loop itself."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import lightning.pytorch as pl
import numpy as np
import torch
from headway.contracts import CHUNK, TARGET, ArraySpec, Features, Graph, Output, Recipe, Source, Target
from headway.plugins import load
from headway.testing import make_context
from headway_lightning import Trainer
from headway_lightning.dropout import Dropout
from headway_lightning.modules import Network, build, threads
from headway_lightning.quiet import quietly
from headway_lightning.rows import tensors
from headway_lightning.zoo.mlp import MLP
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from tests.benchmarks.ratio import Ratio

M = TypeVar("M", bound=torch.nn.Module)
EPOCHS = 5
CLASSES = Target("income", "classification", ("<=50K", ">50K"))
SIZES = (10, 17, 8, 16, 7, 6, 3, 43)  # of Adult's categories; with 6 numbers they are 14 columns
ARRAYS = (
    ArraySpec("numeric", "float32", (6,)),
    ArraySpec("categorical", "int64", (len(SIZES),), (), SIZES),
)


def measure() -> Iterator[Ratio]:
    """The stage (validation metrics and a durable checkpoint every epoch) to loops that only train and validate.

    All are timed in turn; a busy machine slows single rounds, so that minima are told beside medians.
    """
    features, registry = adult_like(), load().registry
    for count in (1, 2):
        stage = MLP(patience=EPOCHS, trainer=Trainer(max_epochs=EPOCHS, threads=count, accelerator="cpu"))

        def ours(stage: MLP = stage) -> None:
            with tempfile.TemporaryDirectory() as folder:
                stage.run(make_context(Path(folder), registry), features)

        def plain(stage: MLP = stage, count: int = count) -> None:
            with threads(count):
                plain_loop(stage, features)

        def stock(stage: MLP = stage, count: int = count) -> None:
            with threads(count), quietly():
                _stock(stage, features)

        times = in_turn((ours, plain, stock), rounds=5)
        for other, taken, budget in (("plain torch", times[1], 1.15), ("Lightning and a DataLoader", times[2], 1.0)):
            for what, of in (("median", statistics.median), ("minimum", min)):
                name = f"2x256 MLP, {count} thread(s), to {other}, {what}"
                yield Ratio(name, of(times[0]), of(taken), budget)


def in_turn(calls: Sequence[Callable[[], None]], rounds: int) -> list[list[float]]:
    """Seconds of each call in each round, after one round that is not counted."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(rounds + 1):
        for call, kept in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if number:
                kept.append(time.perf_counter() - start)
    return times


def adult_like() -> Features:
    """Random rows as many as the Adult experiment trains and validates on."""
    random = np.random.default_rng(0)
    sources = {}
    for split, rows in (("train", 19_537), ("validation", 6_512)):
        numeric = random.normal(size=(rows, 6)).astype(np.float32)
        target = (numeric[:, 0] + random.logistic(size=rows) > 1).astype(np.int64)
        codes = random.integers(0, SIZES, (rows, len(SIZES)))
        sources[split] = Source({"numeric": numeric, "categorical": codes, TARGET: target}, rows)
    return Features((), Recipe(), Graph("onnx", {}), ARRAYS, CLASSES, sources)


def network_of(stage: MLP) -> Network:
    """The stage's network for loops of others."""
    output = Output("probability", "probability", classes=CLASSES.classes)
    return with_torchs_dropout(build(stage, ARRAYS, output, load().registry))


def with_torchs_dropout(network: M) -> M:
    """The network, its dropout replaced by torch's own."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, Dropout):
                setattr(module, name, torch.nn.Dropout(child.p))
    return network


def plain_loop(stage: MLP, features: Features, device: str = "cpu") -> None:
    """The same network, optimizer, batches and validation loss, as one would write them in a notebook."""
    network = network_of(stage).to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=stage.learning_rate, weight_decay=stage.weight_decay, fused=True
    )
    (rows, target), (others, truth) = (_tensors(features, split, device) for split in ("train", "validation"))
    for _ in range(stage.trainer.max_epochs):
        network.train()
        for chosen in torch.randperm(len(target), device=device).split(stage.batch_size):
            optimizer.zero_grad()
            loss = functional.cross_entropy(network.scores(*(array[chosen] for array in rows)), target[chosen])
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            float(functional.cross_entropy(network.scores(*others), truth))


class _Stock(pl.LightningModule):
    """The same network as Lightning's tutorial would train it."""

    def __init__(self, stage: MLP) -> None:
        super().__init__()
        self.network = network_of(stage)
        self._stage = stage

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        *arrays, target = batch
        return functional.cross_entropy(self.network.scores(*arrays), target)

    def validation_step(self, batch: list[torch.Tensor], index: int) -> None:
        self.log("validation.loss", self.training_step(batch, index))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        rate, decay = self._stage.learning_rate, self._stage.weight_decay
        return torch.optim.AdamW(self.parameters(), lr=rate, weight_decay=decay, fused=True)


def _stock(stage: MLP, features: Features) -> None:
    """Lightning and a DataLoader as they come; no checkpoints, loggers or progress bars."""
    loaders = []
    for split in ("train", "validation"):
        arrays, target = _tensors(features, split)
        size = stage.batch_size if split == "train" else CHUNK
        loaders.append(DataLoader(TensorDataset(*arrays, target), batch_size=size, shuffle=split == "train"))
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=EPOCHS, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(_Stock(stage), *loaders)


def _tensors(features: Features, split: str, device: str = "cpu") -> tuple[list[torch.Tensor], torch.Tensor]:
    batch = features.source(split).batch()
    return [array.to(device) for array in tensors(ARRAYS, batch)], torch.from_numpy(batch[TARGET]).to(device)
