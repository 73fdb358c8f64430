"""From features to a trained model, by Lightning's Trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import numpy as np
import torch
from headway import Context, metrics
from headway.contracts import TARGET, WEIGHT, Features, Output, Target
from headway.errors import DataError, PluginError

from headway_lightning.artifact import TorchModel
from headway_lightning.callbacks import Best, Checkpoint, Patience
from headway_lightning.learner import Cancelled, Learner
from headway_lightning.loading import Batch, Blocks, generator_of
from headway_lightning.modules import CHUNK, Network, build, tensors, threads
from headway_lightning.quiet import quietly

if TYPE_CHECKING:
    from headway_lightning.network import NetworkStage

ORDER, CHANGE = 1, 2
"""Purposes of random generators beside the seed."""


class Unreadable(Exception):  # noqa: N818 - handled here, never shown
    """The checkpoint of an earlier attempt cannot be used."""


def train(stage: NetworkStage, context: Context, features: Features) -> TorchModel:
    """Trains a network and keeps its best weights.

    Args:
        stage: The network and how it is trained.
        context: Its work folder holds the checkpoint of an earlier attempt, if there was one.
        features: With splits ``train`` and ``validation``.

    Raises:
        DataError: A split is missing or empty, weights are no weights, or training diverged.
        PluginError: The stage is not registered, or its network gives another shape than it must.
        Pruned: The sweep stops this trial.
        KeyboardInterrupt: The run is being stopped.
    """
    use, config = _recipe(stage, context)
    rows = {split: _rows(features, split) for split in ("train", "validation")}
    output = _output(features.target)
    with quietly(), threads(stage.trainer.threads):
        try:
            network, best = _attempt(stage, context, features, rows, output)
        except Unreadable as error:
            context.log.info("the checkpoint of an earlier attempt is damaged: training starts over (%s)", error)
            Checkpoint(context.work).path.unlink()
            network, best = _attempt(stage, context, features, rows, output)
    network.load_state_dict(best.weights)
    chosen = {name: value for name, value in best.history[best.epoch].items() if name.startswith("validation.")}
    context.record(chosen | {"epochs": float(len(best.history)), "best_epoch": float(best.epoch + 1)})
    return TorchModel(use, config, features.arrays, (output,), network.cpu().eval(), tuple(best.history), chosen)


def _recipe(stage: NetworkStage, context: Context) -> tuple[str, dict[str, Any]]:
    """How the network is built again: its registered name and its fields, without where it was trained."""
    from pydantic import TypeAdapter

    registry: Any = context.registry
    use = next((e.name for e in registry if e.kind == "model" and e.target is type(stage)), None)
    if use is None:
        raise PluginError(
            f"{type(stage).__qualname__} is not registered, so that its model could not be loaded again",
            hint='registry.add("model", NAME, CLASS) in headway_register',
            code="not-registered",
        )
    plain = replace(stage, trainer=replace(stage.trainer, accelerator="auto"))
    return use, TypeAdapter(type(stage)).dump_python(plain, mode="json")


def _output(target: Target) -> Output:
    if target.classes is None:
        return Output("value", "value")
    return Output("probability", "probability", classes=target.classes)


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


def _attempt(
    stage: NetworkStage, context: Context, features: Features, rows: Mapping[str, list[torch.Tensor]], output: Output
) -> tuple[Network, Best]:
    """Trains from the checkpoint or, without one, from fresh weights; raises `Unreadable`."""
    network, best = _fresh(stage, features, rows["train"], output), Best(context)
    learner = Learner(network, stage, _score(context, features), context.cancelled)
    checkpoint = Checkpoint(context.work)
    trainer = _trainer(stage, context, [best, Patience(stage.patience), checkpoint])
    resumed = str(checkpoint.path) if checkpoint.path.exists() else None
    if resumed:
        context.log.info("resumes from the checkpoint of an earlier attempt")
    validation = Blocks(rows["validation"], CHUNK, device=lambda: learner.device)
    loaders = _training_batches(stage, context, features, rows["train"], learner), validation
    try:
        trainer.fit(learner, *loaders, ckpt_path=resumed, weights_only=True)
    except (SystemExit, Cancelled) as error:  # Lightning makes SystemExit of Ctrl-C and SIGTERM
        raise KeyboardInterrupt from error
    except Exception as error:
        if resumed and not learner.begun:
            raise Unreadable(type(error).__name__) from error
        raise
    return network, best


def _fresh(stage: NetworkStage, features: Features, rows: list[torch.Tensor], output: Output) -> Network:
    """New weights from the seed."""
    torch.manual_seed(stage.seed)
    network = build(stage, features.arrays, output)
    if output.classes is None:
        target, weight = rows[-2].double(), rows[-1].double()
        centre = (target * weight).sum() / weight.sum()
        spread = ((target - centre).square() * weight).sum().div(weight.sum()).sqrt()
        network.centre.fill_(float(centre))
        network.spread.fill_(float(spread) if spread > 0 else 1.0)
    _check_shape(stage, network, rows, output)
    return network


def _check_shape(stage: NetworkStage, network: Network, rows: list[torch.Tensor], output: Output) -> None:
    with torch.no_grad():
        given = network.eval().body(network.encoder(*(tensor[:2] for tensor in rows[:-2])))
    network.train()
    wanted = (len(rows[0][:2]), len(output.classes) if output.classes else 1)
    if not isinstance(given, torch.Tensor) or given.shape != wanted:
        found = tuple(given.shape) if isinstance(given, torch.Tensor) else type(given).__name__
        raise PluginError(
            f"the network of {type(stage).__qualname__} gives {found} for {wanted[0]} rows, not {wanted}",
            hint="network(inputs, outputs) maps (rows, inputs) to (rows, outputs)",
            code="network-shape",
        )


def _score(context: Context, features: Features) -> Any:
    names = metrics.standard(features.target.task)
    weight = features.source("validation").batch().get(WEIGHT)

    def score(target: np.ndarray, output: np.ndarray) -> Mapping[str, float]:
        values = metrics.compute(context.registry, names, target, output, weight)
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
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def _training_batches(
    stage: NetworkStage, context: Context, features: Features, rows: list[torch.Tensor], learner: Learner
) -> Blocks:
    """Batches that follow the learner's epoch and device, also after resuming."""

    def order() -> torch.Tensor:
        return torch.from_numpy(generator_of(stage.seed, ORDER, learner.current_epoch).permutation(len(rows[0])))

    change = _change(stage, context, features, learner)
    return Blocks(rows, stage.batch_size, order, lambda: learner.device, change)


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
