"""From features to a trained network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from headway import Context
from headway.contracts import Features
from headway.errors import DataError, PluginError
from headway.stage import build_used

from headway_lightning.artifact import TorchModel
from headway_lightning.faults import check_norms
from headway_lightning.fitting import Fit, score_of, train_best
from headway_lightning.group import Group
from headway_lightning.learner import Learner
from headway_lightning.loading import Blocks, generator_of
from headway_lightning.losses import Loss
from headway_lightning.modules import Network, loss_of
from headway_lightning.norms import share_norms
from headway_lightning.ranks import Seat
from headway_lightning.regime import Pace, Regime
from headway_lightning.rows import Batch, Rows, check_target, rows_of

if TYPE_CHECKING:
    from headway_lightning.network import NetworkStage

ORDER, CHANGE = 1, 2
"""Purposes of random generators beside the seed."""


def train(stage: NetworkStage, context: Context, features: Features, seat: Seat | None = None) -> TorchModel:
    """Trains a network and keeps its best weights.

    Args:
        stage: The network and how it is trained.
        context: Its work folder holds the checkpoint of an earlier attempt, if there was one.
        features: With splits ``train`` and ``validation``.
        seat: This process's place, if it is not the first of several.

    Raises:
        DataError: A split is missing or empty, weights are no weights, the loss is not for the target, training
            diverged, or there is too little memory.
        PluginError: The stage is not registered, or its network gives another shape than it must.
        Pruned: The sweep stops this trial.
        KeyboardInterrupt: The run is being stopped.
    """
    loss = loss_of(stage, features.target.task, context.registry)
    _check_task(loss, features)
    train, validation = (rows_of(features, split) for split in ("train", "validation"))
    check_target(features.target, train.target, context.log)
    output = loss.output(features.target)

    def prepare(group: Group) -> Fit:
        regime = _regime(stage, context, features, train, loss)
        if group.size > 1:
            share_norms(regime.network)
        learner = Learner(regime, score_of(context, features, output), context.cancelled, group)
        batches = _training_batches(stage, context, features, train, learner, group)
        count, (rank, size) = len(validation), group.part
        held_out = validation.span(rank * count // size, (rank + 1) * count // size)
        others = Blocks(held_out, stage.chunk, device=lambda: learner.device)
        return Fit(learner, learner, (batches, others), len(batches.sizes), stage.monitor, blocks=True)

    return train_best(stage, context, features, output, prepare, seat)


def _check_task(loss: Loss, features: Features) -> None:
    if loss.task != features.target.task:
        raise DataError(
            f"the loss {type(loss).__name__} is for {loss.task}, the target '{features.target.column}' "
            f"for {features.target.task}",
            hint="model.loss=null takes the usual one",
            code="loss-task",
        )


def _regime(stage: NetworkStage, context: Context, features: Features, rows: Rows, loss: Loss) -> Regime:
    """Fresh weights from the seed, the loss, and how the steps are taken."""
    output = loss.output(features.target)
    trainer, registry = stage.trainer, context.registry
    network: Network = stage.build(features.arrays, output, registry)
    network.fit(rows.sample()[:-2], rows.target, rows.weight)
    _check_shape(stage, network, rows.take(slice(0, 2))[:-2])
    sizes = Blocks(rows, stage.batch_size).sizes
    check_norms(network, sizes)
    pace = Pace(
        sizes, trainer.accumulate, trainer.max_epochs, trainer.max_steps, stage.warmup_epochs,
        stage.learning_rate, build_used(stage.schedule, "schedule", registry),
    )  # fmt: skip
    rule = build_used(stage.optimizer, "optimizer", registry)
    names = tuple(spec.columns for spec in features.arrays)
    criterion = loss.criterion(rows.target, rows.weight, output)
    return Regime(network, criterion, pace, rule, stage.weight_decay, trainer.gradient_clip, stage.seed, names)


def _check_shape(stage: NetworkStage, network: Network, arrays: Batch) -> None:
    with torch.no_grad():
        given = network.eval().body(*arrays)
    network.train()
    rows, outputs = len(arrays[0]), network.head.outputs
    shape = tuple(given.shape) if isinstance(given, torch.Tensor) else ()
    if len(shape) not in (2, 3) or (shape[0], shape[-1]) != (rows, outputs):
        found = shape or type(given).__name__
        raise PluginError(
            f"the network of {type(stage).__qualname__} gives {found} for {rows} rows, not {(rows, outputs)}",
            hint="network(inputs, outputs) maps (rows, inputs) to (rows, outputs)",
            code="network-shape",
        )


def _training_batches(
    stage: NetworkStage, context: Context, features: Features, rows: Rows, learner: Learner, group: Group
) -> Blocks:
    """Batches that follow the learner's epoch, place and device, also after resuming."""

    def order() -> torch.Tensor:
        generator = generator_of(stage.seed, ORDER, learner.current_epoch)
        if stage.copies == 1:
            return torch.from_numpy(generator.permutation(len(rows)))
        small = len(rows) <= np.iinfo(np.int32).max
        orders = np.empty((len(rows), stage.copies), np.int32 if small else np.int64)  # they may take gigabytes
        for copy in range(stage.copies):
            orders[:, copy] = generator.permutation(len(rows))
        return torch.from_numpy(orders)

    change = change_of(context, features, stage.seed, lambda: learner.current_epoch)
    return Blocks(
        rows, stage.batch_size, order, lambda: learner.device, change, lambda: learner.block, group.part, stage.copies
    )


def change_of(context: Context, features: Features, seed: int, epoch: Any) -> Any:
    """(number of the batch, batch) → the batch as the features' augmentation changes it; None without one."""
    augment = features.augment(context.registry)
    if augment is None:
        return None
    names = [spec.name for spec in features.arrays]

    def change(number: int, batch: Batch) -> Batch:
        arrays = {name: tensor.numpy() for name, tensor in zip(names, batch, strict=False)}
        changed = augment(arrays, generator_of(seed, CHANGE, epoch(), number))
        return (*(torch.from_numpy(changed[name]) for name in names), *batch[-2:])

    return change
