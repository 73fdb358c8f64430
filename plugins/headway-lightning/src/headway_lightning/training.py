"""From features to a trained model, by Lightning's Trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import numpy as np
import torch
from headway import Context, metrics
from headway.contracts import TARGET, WEIGHT, Features, Output, parse_duration
from headway.errors import DataError, PluginError
from headway.fields import chosen

from headway_lightning.artifact import TorchModel
from headway_lightning.callbacks import Best, Limits, Patience
from headway_lightning.checkpoints import Checkpoint, Unreadable
from headway_lightning.faults import out_of_memory
from headway_lightning.learner import Cancelled, Learner
from headway_lightning.loading import Batch, Blocks, generator_of
from headway_lightning.losses import Loss
from headway_lightning.modules import Network, build, loss_of, tensors, threads
from headway_lightning.quiet import quietly
from headway_lightning.regime import Pace, Regime

if TYPE_CHECKING:
    from headway_lightning.network import NetworkStage

ORDER, CHANGE = 1, 2
"""Purposes of random generators beside the seed."""
SECOND = 1_000_000
"""Microseconds."""


def train(stage: NetworkStage, context: Context, features: Features) -> TorchModel:
    """Trains a network and keeps its best weights.

    Args:
        stage: The network and how it is trained.
        context: Its work folder holds the checkpoint of an earlier attempt, if there was one.
        features: With splits ``train`` and ``validation``.

    Raises:
        DataError: A split is missing or empty, weights are no weights, the loss is not for the target, training
            diverged, or there is too little memory.
        PluginError: The stage is not registered, or its network gives another shape than it must.
        Pruned: The sweep stops this trial.
        KeyboardInterrupt: The run is being stopped.
    """
    use, config = _config(stage, context)
    loss = loss_of(stage, features.target.task, context.registry)
    _check_task(loss, features)
    rows = {split: _rows(features, split) for split in ("train", "validation")}
    output = loss.output(features.target)
    _tell_absent(context, features, rows["train"])
    with quietly(stage.trainer.deterministic), threads(stage.trainer.threads):
        try:
            network, best = _attempt(stage, context, features, rows, loss)
        except Unreadable as error:
            context.log.info("the checkpoint of an earlier attempt is damaged: training starts over (%s)", error)
            Checkpoint(context.work, 0.0).discard()
            network, best = _attempt(stage, context, features, rows, loss)
    network.load_state_dict(best.weights)
    kept = {name: value for name, value in best.history[best.epoch].items() if name.startswith("validation.")}
    context.record(kept | {"epochs": float(len(best.history)), "best_epoch": float(best.epoch + 1)})
    return TorchModel(use, config, features.arrays, (output,), network.cpu().eval(), tuple(best.history), kept)


def _config(stage: NetworkStage, context: Context) -> tuple[str, dict[str, Any]]:
    """How the network is built again: its registered name and its fields, without where it was trained."""
    from pydantic import TypeAdapter

    from headway_lightning.trainer import Trainer

    registry: Any = context.registry
    use = next((e.name for e in registry if e.kind == "model" and e.target is type(stage)), None)
    if use is None:
        raise PluginError(
            f"{type(stage).__qualname__} is not registered, so that its model could not be loaded again",
            hint='registry.add("model", NAME, CLASS) in headway_register',
            code="not-registered",
        )
    plain = Trainer()
    trainer = replace(stage.trainer, accelerator=plain.accelerator, checkpoint_every=plain.checkpoint_every)
    return use, TypeAdapter(type(stage)).dump_python(replace(stage, trainer=trainer), mode="json")


def _check_task(loss: Loss, features: Features) -> None:
    if loss.task != features.target.task:
        raise DataError(
            f"the loss {type(loss).__name__} is for {loss.task}, the target '{features.target.column}' "
            f"for {features.target.task}",
            hint="model.loss=null takes the usual one",
            code="loss-task",
        )


def _rows(features: Features, split: str) -> list[torch.Tensor]:
    """The arrays, the target and the weights of a split; training rows without weight are left out."""
    source = features.source(split)
    if not len(source):
        raise DataError(f"the split '{split}' has no rows", hint="networks need it: see data.split", code="empty-split")
    batch = source.batch()
    weight = batch.get(WEIGHT)
    weights = np.ones(len(source), np.float32) if weight is None else np.array(weight, np.float32)
    if not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() <= 0:
        raise DataError(
            f"weights of the split '{split}' must be finite, none negative and not all zero",
            hint="mend the column named by data.weight",
            code="weight",
        )
    rows = [*tensors(features.arrays, batch), torch.from_numpy(np.array(batch[TARGET])), torch.from_numpy(weights)]
    kept = rows[-1] > 0
    return rows if split != "train" or kept.all() else [tensor[kept] for tensor in rows]


def _tell_absent(context: Context, features: Features, rows: list[torch.Tensor]) -> None:
    """Warns of classes that no training row has: a network cannot learn them."""
    classes = features.target.classes or ()
    found = torch.bincount(rows[-2], minlength=len(classes)) if classes else torch.ones(1)
    absent = [str(name) for name, count in zip(classes, found, strict=False) if count == 0]
    if len(absent) == len(classes) - 1 and classes:
        raise DataError(
            f"all training rows are of one class of '{features.target.column}'",
            hint="stratify the split, or give rows of another class",
            code="one-class",
        )
    if absent:
        context.log.warning("no training row is of class %s: its probability means nothing", ", ".join(absent))


def _attempt(
    stage: NetworkStage, context: Context, features: Features, rows: Mapping[str, list[torch.Tensor]], loss: Loss
) -> tuple[Network, Best]:
    """Trains from the checkpoint or, without one, from fresh weights; raises `Unreadable`."""
    regime = _regime(stage, context, features, rows["train"], loss)
    learner = Learner(regime, _score(context, features, loss), context.cancelled)
    monitor, maximize = f"validation.{stage.monitor}", _maximize(stage, context)
    best = Best(context, monitor, maximize)
    checkpoint = Checkpoint(context.work, parse_duration(stage.trainer.checkpoint_every) / SECOND)
    limit = stage.trainer.max_time
    limits = Limits(None if limit is None else parse_duration(limit) / SECOND)
    trainer = _trainer(stage, context, [best, Patience(monitor, maximize, stage.patience), limits, checkpoint])
    resumed = str(checkpoint.last) if checkpoint.last.exists() else None
    if resumed or checkpoint.middle.exists():
        context.log.info("resumes from the checkpoint of an earlier attempt")
    validation = Blocks(rows["validation"], stage.chunk, device=lambda: learner.device)
    loaders = _training_batches(stage, context, features, rows["train"], learner), validation
    try:
        trainer.fit(learner, *loaders, ckpt_path=resumed, weights_only=True)
    except (SystemExit, Cancelled) as error:  # Lightning makes SystemExit of Ctrl-C and SIGTERM
        raise KeyboardInterrupt from error
    except Exception as error:
        if resumed and not learner.begun:
            raise Unreadable(type(error).__name__) from error
        raise out_of_memory(stage, error) or error from None
    return regime.network, best


def _regime(stage: NetworkStage, context: Context, features: Features, rows: list[torch.Tensor], loss: Loss) -> Regime:
    """Fresh weights from the seed, the loss, and how the steps are taken."""
    *arrays, target, weight = rows
    output = loss.output(features.target)
    torch.manual_seed(stage.seed)
    network = build(stage, features.arrays, output, context.registry)
    network.fit(arrays, target, weight)
    _check_shape(stage, network, arrays, output)
    trainer, registry = stage.trainer, context.registry
    batches = Blocks(rows, stage.batch_size).batches
    pace = Pace(
        batches, trainer.accumulate, trainer.max_epochs, trainer.max_steps, stage.warmup_epochs,
        stage.learning_rate, chosen(stage.schedule, "schedule", registry),
    )  # fmt: skip
    rule = chosen(stage.optimizer, "optimizer", registry)
    names = tuple(spec.columns for spec in features.arrays)
    criterion = loss.criterion(target, weight, output)
    return Regime(
        network, criterion, pace, rule, stage.weight_decay, trainer.gradient_clip, stage.seed, stage.monitor, names
    )


def _check_shape(stage: NetworkStage, network: Network, arrays: list[torch.Tensor], output: Output) -> None:
    with torch.no_grad():
        given = network.eval().body(*(tensor[:2] for tensor in arrays))
    network.train()
    rows, outputs = len(arrays[0][:2]), network.head.outputs
    shape = tuple(given.shape) if isinstance(given, torch.Tensor) else ()
    if len(shape) not in (2, 3) or (shape[0], shape[-1]) != (rows, outputs):
        found = shape or type(given).__name__
        raise PluginError(
            f"the network of {type(stage).__qualname__} gives {found} for {rows} rows, not {(rows, outputs)}",
            hint="network(inputs, outputs) maps (rows, inputs) to (rows, outputs)",
            code="network-shape",
        )


def _maximize(stage: NetworkStage, context: Context) -> bool:
    return stage.monitor != "loss" and bool(context.registry.get("metric", stage.monitor).maximize)


def _score(context: Context, features: Features, loss: Loss) -> Any:
    output = loss.output(features.target)
    names = metrics.standard("quantile" if output.kind == "quantile" else features.target.task)
    weight = features.source("validation").batch().get(WEIGHT)

    def score(target: np.ndarray, given: np.ndarray) -> Mapping[str, float]:
        values = metrics.compute(context.registry, names, target, given, weight)
        return {f"validation.{name}": value for name, value in values.items()}

    return score


def _trainer(stage: NetworkStage, context: Context, callbacks: list[pl.Callback]) -> pl.Trainer:
    config = stage.trainer
    return pl.Trainer(
        accelerator={"cuda": "gpu"}.get(config.accelerator, config.accelerator),
        devices=1,
        precision="32-true" if config.precision == "32" else config.precision,
        max_epochs=config.max_epochs,
        callbacks=callbacks,
        default_root_dir=context.work,
        deterministic=config.deterministic,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def _training_batches(
    stage: NetworkStage, context: Context, features: Features, rows: list[torch.Tensor], learner: Learner
) -> Blocks:
    """Batches that follow the learner's epoch, place and device, also after resuming."""

    def order() -> torch.Tensor:
        return torch.from_numpy(generator_of(stage.seed, ORDER, learner.current_epoch).permutation(len(rows[0])))

    change = _change(stage, context, features, learner)
    return Blocks(rows, stage.batch_size, order, lambda: learner.device, change, lambda: learner.block)


def _change(stage: NetworkStage, context: Context, features: Features, learner: Learner) -> Any:
    augment = features.augment(context.registry)
    if augment is None:
        return None
    names = [spec.name for spec in features.arrays]

    def change(number: int, batch: Batch) -> Batch:
        arrays = {name: tensor.cpu().numpy() for name, tensor in zip(names, batch, strict=False)}
        changed = augment(arrays, generator_of(stage.seed, CHANGE, learner.current_epoch, number))
        return (*(torch.from_numpy(changed[name]).to(learner.device) for name in names), *batch[-2:])

    return change
