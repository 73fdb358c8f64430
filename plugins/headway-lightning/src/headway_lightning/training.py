"""From features to a trained model, by Lightning's Trainer."""

from __future__ import annotations

import logging
import os
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import numpy as np
import torch
from headway import Context, metrics
from headway.contracts import TARGET, WEIGHT, Features, Output, Source, Target
from headway.errors import DataError

from headway_lightning.artifact import TorchModel
from headway_lightning.callbacks import Best, Cancel, Checkpoint, Patience
from headway_lightning.learner import Learner
from headway_lightning.loading import Batch, Slices, generator_of
from headway_lightning.modules import CHUNK, Network, build, tensors

if TYPE_CHECKING:
    from headway_lightning.network import NetworkStage

ORDER, CHANGE = 1, 2
"""Purposes of random generators beside the seed."""


def train(stage: NetworkStage, context: Context, features: Features) -> TorchModel:
    """Trains a network and keeps its best weights.

    Args:
        stage: The network and how it is trained.
        context: Its work folder holds the checkpoint of an earlier attempt, if there was one.
        features: With splits ``train`` and ``validation``.

    Raises:
        DataError: A split is missing or empty, or training diverged.
        Pruned: The sweep stops this trial.
    """
    for split in ("train", "validation"):
        if not len(features.source(split)):
            raise DataError(
                f"the split '{split}' has no rows", hint="networks need it: see data.split", code="empty-split"
            )
    output = _output(features.target)
    network = _fresh(stage, features, output)
    best = Best(context)
    learner = Learner(network, stage.trainer, _score(context, features), stage.seed)
    with _quietly():
        _fit(stage, context, features, learner, best)
    network.load_state_dict(best.weights)
    chosen = {name: value for name, value in best.history[best.epoch].items() if name.startswith("validation.")}
    context.record(chosen | {"epochs": float(len(best.history)), "best_epoch": float(best.epoch + 1)})
    use, config = _recipe(stage, context)
    return TorchModel(use, config, features.arrays, (output,), network.cpu().eval(), tuple(best.history), chosen)


def _output(target: Target) -> Output:
    if target.classes is None:
        return Output("value", "value")
    return Output("probability", "probability", classes=target.classes)


def _fresh(stage: NetworkStage, features: Features, output: Output) -> Network:
    """New weights from the seed, without touching the caller's random state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stage.seed)
        network = build(stage, features.arrays, output)
    if output.classes is None:
        target = features.source("train").batch()[TARGET].astype(np.float64)
        spread = float(target.std())
        network.centre.fill_(float(target.mean()))
        network.spread.fill_(spread if spread > 0 else 1.0)
    return network


def _score(context: Context, features: Features) -> Any:
    names = metrics.standard(features.target.task)
    weight = features.source("validation").batch().get(WEIGHT)

    def score(target: np.ndarray, output: np.ndarray) -> Mapping[str, float]:
        values = metrics.compute(context.registry, names, target, output, weight)
        return {f"validation.{name}": value for name, value in values.items()}

    return score


def _fit(stage: NetworkStage, context: Context, features: Features, learner: Learner, best: Best) -> None:
    checkpoint = Checkpoint(context.work)
    patience = Patience("validation.loss", patience=stage.trainer.patience, mode="min", check_finite=False)
    trainer = pl.Trainer(
        accelerator={"cuda": "gpu"}.get(stage.trainer.accelerator, stage.trainer.accelerator),
        devices=1,
        max_epochs=stage.trainer.max_epochs,
        gradient_clip_val=stage.trainer.gradient_clip or None,
        callbacks=[best, patience, Cancel(context), checkpoint],
        default_root_dir=context.work,
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        inference_mode=True,
    )
    loaders = _training_batches(stage, context, features, learner), _validation_batches(features)
    resumed = str(checkpoint.path) if checkpoint.path.exists() else None
    if resumed:
        context.log.info("resumes from the checkpoint of an earlier attempt")
    try:
        trainer.fit(learner, *loaders, ckpt_path=resumed)
    except SystemExit as error:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from error


def _rows(source: Source, features: Features) -> list[torch.Tensor]:
    batch = source.batch()
    weight = batch.get(WEIGHT)
    weights = np.ones(len(source), np.float32) if weight is None else np.array(weight, np.float32)
    return [*tensors(features.arrays, batch), torch.from_numpy(np.array(batch[TARGET])), torch.from_numpy(weights)]


class _Epochs(Slices):
    """Training batches that follow the learner's epoch, also after resuming."""

    learner: Learner

    def __iter__(self) -> Iterator[Batch]:
        self.epoch = self.learner.current_epoch
        return super().__iter__()


def _training_batches(stage: NetworkStage, context: Context, features: Features, learner: Learner) -> Slices:
    rows = _rows(features.source("train"), features)

    def order(epoch: int) -> torch.Tensor:
        return torch.from_numpy(generator_of(stage.seed, ORDER, epoch).permutation(len(rows[0])))

    batches = _Epochs(rows, stage.trainer.batch_size, order, _change(stage, context, features))
    batches.learner = learner
    return batches


def _change(stage: NetworkStage, context: Context, features: Features) -> Any:
    augment = features.augment(context.registry)
    if augment is None:
        return None
    names = [spec.name for spec in features.arrays]

    def change(epoch: int, number: int, batch: Batch) -> Batch:
        arrays = {name: tensor.numpy() for name, tensor in zip(names, batch, strict=False)}
        changed = augment(arrays, generator_of(stage.seed, CHANGE, epoch, number))
        return (*(torch.from_numpy(changed[name]) for name in names), *batch[-2:])

    return change


def _validation_batches(features: Features) -> Slices:
    return Slices(_rows(features.source("validation"), features), CHUNK)


def _recipe(stage: NetworkStage, context: Context) -> tuple[str, dict[str, Any]]:
    """How the network is built again: its registered name and its fields, without where it was trained."""
    from pydantic import TypeAdapter

    registry: Any = context.registry
    use = next(e.name for e in registry if e.kind == "model" and e.target is type(stage))
    plain = replace(stage, trainer=replace(stage.trainer, accelerator="auto"))
    return use, TypeAdapter(type(stage)).dump_python(plain, mode="json")


@contextmanager
def _quietly() -> Iterator[None]:
    """Keeps Lightning from talking, and puts back the global state that it changes."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic matrix products on a GPU
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning")]
    levels = [logger.level for logger in loggers]
    deterministic = torch.are_deterministic_algorithms_enabled()
    in_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT) if in_main else None
    random = torch.get_rng_state()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\.")
            warnings.filterwarnings("ignore", module=r"torch\.utils\._pytree")
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic)
        torch.set_rng_state(random)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
