"""Training a network: what Lightning, metrics and checkpoints cost beyond the loop itself."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from headway.contracts import TARGET, ArraySpec, Features, Graph, Output, Recipe, Source, Target
from headway.plugins import load
from headway.testing import make_context
from headway_lightning import Trainer
from headway_lightning.modules import build, threads
from headway_lightning.rows import tensors
from headway_lightning.zoo.mlp import MLP
from torch.nn import functional

from tests.benchmarks.ratio import Ratio, compare

EPOCHS = 5
CLASSES = Target("income", "classification", ("<=50K", ">50K"))
SIZES = (10, 17, 8, 16, 7, 6, 3, 43)  # of Adult's categories; with 6 numbers they are 14 columns
ARRAYS = (
    ArraySpec("numeric", "float32", (6,)),
    ArraySpec("categorical", "int64", (len(SIZES),), (), SIZES),
)


def measure() -> Iterator[Ratio]:
    """The stage (validation metrics and a durable checkpoint every epoch) to a loop that only trains and validates."""
    features, registry = _features(), load().registry
    for count in (1, 2):
        stage = MLP(patience=EPOCHS, trainer=Trainer(max_epochs=EPOCHS, threads=count, accelerator="cpu"))

        def ours(stage: MLP = stage) -> None:
            with tempfile.TemporaryDirectory() as folder:
                stage.run(make_context(Path(folder), registry), features)

        def theirs(stage: MLP = stage, count: int = count) -> None:
            with threads(count):
                _plain(stage, features)

        name = f"{EPOCHS} epochs of a 2x256 MLP by Lightning, {count} thread(s), to plain torch"
        yield compare(name, ours, theirs, budget=1.15, rounds=7)


def _features() -> Features:
    """Random rows as many as the Adult experiment trains and validates on."""
    random = np.random.default_rng(0)
    sources = {}
    for split, rows in (("train", 19_537), ("validation", 6_512)):
        numeric = random.normal(size=(rows, 6)).astype(np.float32)
        target = (numeric[:, 0] + random.logistic(size=rows) > 1).astype(np.int64)
        codes = random.integers(0, SIZES, (rows, len(SIZES)))
        sources[split] = Source({"numeric": numeric, "categorical": codes, TARGET: target}, rows)
    return Features((), Recipe(), Graph("onnx", {}), ARRAYS, CLASSES, sources)


def _plain(stage: MLP, features: Features) -> None:
    """The same network, optimizer, batches and validation loss, as one would write them in a notebook."""
    network = build(stage, ARRAYS, Output("probability", "probability", classes=CLASSES.classes), load().registry)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=stage.learning_rate, weight_decay=stage.weight_decay, fused=True
    )
    (rows, target), (others, truth) = (_tensors(features, split) for split in ("train", "validation"))
    for _ in range(EPOCHS):
        network.train()
        for chosen in torch.randperm(len(target)).split(stage.batch_size):
            optimizer.zero_grad()
            loss = functional.cross_entropy(network.scores(*(array[chosen] for array in rows)), target[chosen])
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            float(functional.cross_entropy(network.scores(*others), truth))


def _tensors(features: Features, split: str) -> tuple[list[torch.Tensor], torch.Tensor]:
    batch = features.source(split).batch()
    return tensors(ARRAYS, batch), torch.from_numpy(batch[TARGET])
