"""A Trainer's fit, from work folder to best weights, whatever is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import lightning.pytorch as pl
import numpy as np
import torch
from headway import Context, Pruned, metrics
from headway.contracts import WEIGHT, Features, Output, parse_duration
from headway.errors import HeadwayError, PluginError

from headway_lightning.artifact import TorchModel
from headway_lightning.callbacks import Advance, Best, Clock, Deadline, Trained
from headway_lightning.checkpoints import Checkpoint, Unreadable, discard
from headway_lightning.faults import told
from headway_lightning.group import Group
from headway_lightning.mistakes import ROWS, check_rebuilt, name_of, refused
from headway_lightning.modules import threads
from headway_lightning.quiet import quietly
from headway_lightning.ranks import Meeting, Seat, meet
from headway_lightning.rows import tensors
from headway_lightning.strategy import Parallel
from headway_lightning.trainer import Trainer

if TYPE_CHECKING:
    from headway_lightning.lightning_stage import LightningStage
    from headway_lightning.network import NetworkStage

Score = Callable[[np.ndarray, np.ndarray], Mapping[str, float]]
"""(targets, outputs) → validation metrics by name."""


class Cancelled(Exception):  # noqa: N818 - no fault
    """The run is being stopped. Not KeyboardInterrupt, which Lightning turns into the end of the process."""


class Loader(Iterable[Any], Protocol):
    """What Lightning takes batches from."""

    def close(self) -> None:
        """Ends the epoch it is in, and its thread."""


@dataclass(frozen=True)
class Fit:
    """What is given to the Trainer.

    Attributes:
        module: What Lightning trains.
        trained: The same, as callbacks see it.
        loaders: Training batches and, where Lightning validates, validation batches.
        batches: Training batches an epoch.
        monitor: The metric that decides which epoch is the best, without ``validation.``.
        callbacks: Called before those that keep the best epoch.
        blocks: Whether an epoch can be resumed where it was.
        settings: Further arguments of the Trainer.
    """

    module: pl.LightningModule
    trained: Trained
    loaders: tuple[Loader, Loader | None]
    batches: int
    monitor: str
    callbacks: tuple[pl.Callback, ...] = ()
    blocks: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


def train_best(
    stage: NetworkStage | LightningStage,
    context: Context,
    features: Features,
    output: Output,
    prepare: Callable[[Group], Fit],
    seat: Seat | None = None,
) -> TorchModel:
    """Trains and keeps the best weights.

    Args:
        stage: How it is trained.
        context: Its work folder holds the checkpoint of an earlier attempt, if there was one.
        features: What it is trained on.
        output: What the model gives.
        prepare: (the processes) → what is trained, with fresh weights from the seed.
        seat: This process's place, if it is not the first of several.

    Raises:
        DataError: Training diverged, there is too little memory, or another process ended.
        PluginError: The stage is not registered, an author's module cannot be trained, or its answers are others when
            it is loaded again.
        Pruned: The sweep stops this trial.
        KeyboardInterrupt: The run is being stopped.
    """
    use, config = _settings(stage, context)

    def attempt() -> tuple[torch.nn.Module, Best]:
        with meet(use, stage, context, features, seat) as meeting:
            return _attempt(stage, context, prepare, meeting)

    with quietly(stage.trainer.on_gpu()), threads(stage.trainer.threads):
        try:
            network, best = attempt()
        except Unreadable as error:
            if seat is not None:  # the first process starts over, with others
                raise
            context.log.info("the checkpoint of an earlier attempt is damaged: training starts over (%s)", error)
            discard(context.work)
            network, best = attempt()
        network.load_state_dict(best.weights)
        again = stage.build(features.arrays, output, context.registry)
        again.load_state_dict(best.weights)
        rows = [tensor.clone() for tensor in tensors(features.arrays, features.source("validation").batch(slice(ROWS)))]
        check_rebuilt(network.cpu().eval(), again.eval(), rows, type(stage).__qualname__)
    kept = {name: value for name, value in best.history[best.epoch].items() if name.startswith("validation.")}
    context.record(kept | {"epochs": float(len(best.history)), "best_epoch": float(best.epoch + 1)})
    return TorchModel(use, config, features.arrays, (output,), network, tuple(best.history), kept)


def _settings(stage: NetworkStage | LightningStage, context: Context) -> tuple[str, dict[str, Any]]:
    """How the network is built again: its registered name and its fields, without where it was trained."""
    from headway.contracts import adapter_of

    registry: Any = context.registry
    use = next((e.name for e in registry if e.kind == "model" and e.target is type(stage)), None)
    if use is None:
        raise PluginError(
            f"{type(stage).__qualname__} is not registered, so that its model could not be loaded again",
            hint='registry.add("model", NAME, CLASS) in headway_register',
            code="not-registered",
        )
    plain = Trainer()
    trainer = replace(
        stage.trainer,
        accelerator=plain.accelerator,
        strategy=plain.strategy,
        checkpoint_every=plain.checkpoint_every,
    )
    return use, adapter_of(type(stage)).dump_python(replace(stage, trainer=trainer), mode="json")


def _attempt(
    stage: NetworkStage | LightningStage, context: Context, prepare: Callable[[Group], Fit], meeting: Meeting
) -> tuple[torch.nn.Module, Best]:
    """Trains from the checkpoint or, without one, from fresh weights; raises `Unreadable`."""
    torch.manual_seed(stage.seed)
    group = meeting.group
    fit = prepare(group)
    best = Best(context, fit.trained, f"validation.{fit.monitor}", _maximize(fit.monitor, context), stage.patience)
    advance = Advance(context, fit.trained, best, _epochs(stage.trainer, fit.batches))
    checkpoint, timed = _timed(stage, context, fit, group)
    trainer = _trainer(stage.trainer, context, [*timed, *fit.callbacks, best, advance, checkpoint], fit.settings, group)
    resumed = str(checkpoint.last) if checkpoint.last.exists() else None
    if resumed or checkpoint.middle.exists():
        context.log.info("resumes from the checkpoint of an earlier attempt")
    try:
        train, held_out = fit.loaders
        trainer.fit(fit.module, train, held_out, ckpt_path=resumed, weights_only=True)
    except (SystemExit, Cancelled) as error:  # Lightning makes SystemExit of Ctrl-C and SIGTERM
        raise KeyboardInterrupt from error
    except Exception as error:
        known = meeting.cause(error) or told(stage, fit.trained.judging, error)
        if known is None and resumed and not best.begun and not isinstance(error, Pruned | HeadwayError):
            raise Unreadable(type(error).__name__) from error
        known = known or refused(fit.module, error)
        if known is not None:
            raise known from error
        raise
    finally:
        for loader in fit.loaders:
            if loader is not None:
                loader.close()
    return fit.trained.network, best


def _timed(
    stage: NetworkStage | LightningStage, context: Context, fit: Fit, group: Group
) -> tuple[Checkpoint, list[pl.Callback]]:
    """What writes checkpoints, and what looks at the clock."""

    def warn(why: str) -> None:
        context.log.warning("%s cannot be resumed: %s; killed, it would start over", name_of(fit.module), why)

    config, clock = stage.trainer, Clock()
    every, doubt = (_seconds(config.checkpoint_every), None) if fit.blocks else (None, warn)
    checkpoint = Checkpoint(context.work, fit.trained, every, config.accumulate, clock, doubt, writes=group.is_first)
    if config.max_time is None:
        return checkpoint, [clock]
    return checkpoint, [clock, Deadline(fit.trained, clock, _seconds(config.max_time), group)]


def _epochs(config: Trainer, batches: int) -> float:
    """How many there are, if training does not stop early."""
    steps = math.ceil(batches / config.accumulate)
    return min(config.max_epochs, (config.max_steps or math.inf) / steps)


def _maximize(monitor: str, context: Context) -> bool:
    return monitor != "loss" and bool(context.registry.get("metric", monitor).maximize)


def _seconds(span: str) -> float:
    return parse_duration(span) / 1_000_000


def _trainer(
    config: Trainer, context: Context, callbacks: list[pl.Callback], settings: Mapping[str, Any], group: Group
) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cuda" if config.accelerator == "cuda" or config.on_gpu() else "cpu",
        devices=group.size,
        strategy=Parallel(group) if group.size > 1 else "auto",
        use_distributed_sampler=False,
        precision=config.precision,
        max_epochs=config.max_epochs,
        callbacks=callbacks,
        default_root_dir=context.work,
        deterministic=config.deterministic,
        logger=False,
        enable_checkpointing=True,  # by `Checkpoint` alone
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        **settings,
    )


def score_of(context: Context, features: Features, output: Output) -> Score:
    """What computes the standard metrics of the validation split."""
    names = metrics.standard("quantile" if output.kind == "quantile" else features.target.task)
    weight = features.source("validation").arrays.get(WEIGHT)

    def score(target: np.ndarray, given: np.ndarray) -> Mapping[str, float]:
        values = metrics.compute(context.registry, names, target, given, weight, output)
        return {f"validation.{name}": value for name, value in values.items()}

    return score
