"""Training of a LightningModule that knows nothing of Headway."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import torch
from headway import Context
from headway.contracts import WEIGHT, ArraySpec, Features, Output
from lightning.pytorch.utilities.model_helpers import is_overridden

from headway_lightning.artifact import TorchModel
from headway_lightning.faults import no_number, suspect
from headway_lightning.fitting import Cancelled, Fit, Score, score_of, train_best
from headway_lightning.group import Group
from headway_lightning.loading import Blocks, generator_of, seed_of
from headway_lightning.losses import MSE, BinaryCrossEntropy, CrossEntropy
from headway_lightning.mistakes import (
    check_forward,
    check_logits,
    check_loss,
    check_methods,
    check_optimizers,
    name_of,
    no_loss,
)
from headway_lightning.rows import Batch, Rows, check_target, rows_of
from headway_lightning.training import ORDER, change_of

if TYPE_CHECKING:
    from headway_lightning.lightning_stage import LightningStage


class Served(torch.nn.Module):
    """The author's module from arrays to outputs.

    Args:
        module: The author's.
        inputs: The arrays, in their order.
        output: What it gives.
        logits: Whether it gives logits for classes or labels.
        chunk: Rows that are predicted at a time.
    """

    def __init__(
        self, module: torch.nn.Module, inputs: Sequence[ArraySpec], output: Output, logits: bool, chunk: int
    ) -> None:
        super().__init__()
        self.module = module
        self.chunk = chunk
        self._names = [spec.name for spec in inputs]
        self._classes = len(output.classes) if output.classes else None
        self._sums = output.kind == "probability"
        self._logits = logits

    def _get_name(self) -> str:
        """For texts: whose module it is."""
        return name_of(self.module)

    def given(self, arrays: Sequence[torch.Tensor]) -> Any:
        """The array, or a mapping by name of several."""
        return arrays[0] if len(arrays) == 1 else dict(zip(self._names, arrays, strict=True))

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """Probabilities (rows, classes) or (rows, labels), or values (rows,), float32."""
        out: torch.Tensor = self.module(self.given(arrays)).float()
        if self._classes is None:
            return out.squeeze(-1) if out.dim() == 2 else out
        if not self._logits:
            return out
        return torch.softmax(out, dim=-1) if self._sums else torch.sigmoid(out)

    def check(self, arrays: Sequence[torch.Tensor]) -> None:
        """Raises `PluginError` unless some rows give what is needed, and the module can be trained."""
        check_methods(self.module)
        rows = len(arrays[0])
        wanted = [(rows,), (rows, 1)] if self._classes is None else [(rows, self._classes)]
        answer = check_forward(self.eval().module, self.given(arrays), wanted)
        if self._sums:
            check_logits(self.module, answer, self._logits)
        self.train()


class Guest(pl.Callback):
    """What callbacks need of a training, gathered beside the author's module.

    Args:
        stage: How it is trained.
        context: Says when the run is being stopped.
        held_out: The validation rows.
        network: The author's module as it is served.
        score: The validation metrics.
        why: What may be wrong with a batch of the epoch, from 0.

    Attributes: see `headway_lightning.callbacks.Trained`.
    """

    def __init__(
        self,
        stage: LightningStage,
        context: Context,
        held_out: Rows,
        network: Served,
        score: Score,
        why: Callable[[int], str],
    ) -> None:
        self.network = network
        self.latest: dict[str, float] = {}
        self.block = 0
        self.losses: list[torch.Tensor] = []
        self.over = self.judging = False
        self.passed: Callable[[float], None] = lambda share: None
        self._seed = stage.seed
        self._cancelled = context.cancelled
        self._target = held_out.target
        self._held_out = Blocks(held_out, network.chunk, device=lambda: network.module.device)
        self._score = score
        self._why = why

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Raises `PluginError` unless there is something to train."""
        check_optimizers(module, trainer.optimizers)

    def on_before_backward(self, trainer: pl.Trainer, module: pl.LightningModule, loss: torch.Tensor) -> None:
        """Raises `PluginError` if the loss has no gradient."""
        check_loss(module, loss)

    def on_train_epoch_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Seeds dropout by the epoch, so that a resumed run draws what an undisturbed one would."""
        torch.manual_seed(seed_of(self._seed, trainer.current_epoch))

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Notes the loss; raises `Cancelled` when the run is being stopped."""
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if isinstance(loss, torch.Tensor):
            self.losses.append(loss.detach())
        self.passed((batch_idx + 1) / trainer.num_training_batches)
        if self._cancelled.is_set():
            raise Cancelled
        if self.over:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Metrics of the epoch; raises `DataError` if a loss was no number, `PluginError` if there was none."""
        if not self.losses and module.automatic_optimization:
            raise no_loss(module)
        loss = self._loss(trainer.current_epoch)
        self.over = self.over or 0 < trainer.max_steps <= trainer.global_step
        modes = {part: part.training for part in self.network.modules()}
        self.network.eval()
        self.judging = True
        with torch.inference_mode():
            given = [self.network(*batch[:-2]).cpu() for block in self._held_out for batch in block]
        for part, training in modes.items():
            part.training = training
        self.judging = False
        self.latest = {**loss, **self._score(self._target.numpy(), torch.cat(given).numpy())}

    def _loss(self, epoch: int) -> dict[str, float]:
        """The mean loss of the epoch's batches; nothing of a module that steps by itself and tells none."""
        if not self.losses:
            return {}
        losses, self.losses = torch.stack(self.losses), []
        wrong = torch.nonzero(~torch.isfinite(losses))
        if len(wrong):
            number = int(wrong[0, 0])
            raise no_number(epoch, number, self._why(number))
        return {"train.loss": float(losses.mean())}


class Plateaus(pl.callbacks.Checkpoint):
    """Steps the schedulers that follow a metric; Lightning would do so after the epoch's checkpoint is written.

    Among the callbacks of Lightning's class `Checkpoint`, which it calls last, it stands before ours.
    """

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Takes them from Lightning."""
        self._configs = [c for c in trainer.lr_scheduler_configs if c.reduce_on_plateau and c.interval == "epoch"]
        self._give("headway")

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Steps those whose turn it is, by Lightning's rules."""
        self._give("epoch")
        trainer.fit_loop.epoch_loop.update_lr_schedulers("epoch", update_plateau_schedulers=True)
        self._give("headway")

    def _give(self, interval: str) -> None:
        for config in self._configs:
            config.interval = interval


class Batches:
    """Blocks as the author's batches.

    Args:
        blocks: The rows.
        make: A batch of (arrays …, target, weight) → the author's.
    """

    def __init__(self, blocks: Blocks, make: Callable[[Batch], Any]) -> None:
        self._blocks = blocks
        self._make = make

    def __len__(self) -> int:
        return len(self._blocks.sizes)

    def __iter__(self) -> Iterator[Any]:
        return (self._make(batch) for block in self._blocks for batch in block)

    def rows(self, number: int) -> Batch:
        """The rows of a batch of the epoch, from 0, taken once more."""
        return next(itertools.islice((batch for block in self._blocks for batch in block), number, None))

    def close(self) -> None:
        """Ends the epoch, and its thread."""
        self._blocks.close()


def train(stage: LightningStage, context: Context, features: Features) -> TorchModel:
    """Trains the author's module and keeps its best weights; raises as `headway_lightning.training.train`."""
    for error in stage.several():
        raise error
    loss = {"classification": CrossEntropy, "multilabel": BinaryCrossEntropy}.get(features.target.task, MSE)()
    output = loss.output(features.target)
    rows = {split: rows_of(features, split) for split in ("train", "validation")}
    check_target(features.target, rows["train"].target, context.log)
    if WEIGHT in features.source("train").names:
        context.log.warning("weights of rows reach no loss of %s; metrics honour them", type(stage).__qualname__)

    def prepare(_: Group) -> Fit:
        network: Served = stage.build(features.arrays, output, context.registry)
        network.check(rows["train"].take(slice(0, 2))[:-2])
        module: Any = network.module

        def order() -> torch.Tensor:
            drawn = generator_of(stage.seed, ORDER, module.current_epoch).permutation(len(rows["train"]))
            return torch.from_numpy(drawn)

        def made(batch: Batch) -> Any:
            return stage.batch(network.given(batch[:-2]), batch[-2])

        change = change_of(context, features, stage.seed, lambda: module.current_epoch)
        batches = Batches(Blocks(rows["train"], stage.batch_size, order, lambda: module.device, change), made)
        validates = is_overridden("validation_step", module)
        held_out = Batches(Blocks(rows["validation"], stage.batch_size), made) if validates else None
        names = [spec.columns for spec in features.arrays]
        score = score_of(context, features, output)
        guest = Guest(
            stage, context, rows["validation"], network, score, lambda number: suspect(batches.rows(number), names)
        )
        usual = {"probability": "log_loss", "marginal": "binary_cross_entropy"}.get(output.kind, "rmse")
        monitor, settings = stage.monitor or usual, _settings(stage, module)
        return Fit(module, guest, (batches, held_out), len(batches), monitor, (guest, Plateaus()), settings=settings)

    return train_best(stage, context, features, output, prepare)


def _settings(stage: LightningStage, module: pl.LightningModule) -> dict[str, Any]:
    """What Lightning does itself where it takes the steps."""
    config = stage.trainer
    settings: dict[str, Any] = {"max_steps": config.max_steps or -1}
    if module.automatic_optimization:
        settings |= {"accumulate_grad_batches": config.accumulate}
        settings |= {"gradient_clip_val": config.gradient_clip or None}
    return settings
