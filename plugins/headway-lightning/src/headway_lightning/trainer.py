"""The node ``model.trainer``: how Lightning trains, whatever the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge
from headway import HeadwayError, Uncached
from headway.contracts import check_duration
from headway.fields import Grammar

Count = Annotated[int, Ge(1)]
Span = Annotated[str, Grammar(check_duration)]


@dataclass(frozen=True)
class Trainer:
    """How Lightning trains: what has little to do with the network."""

    max_epochs: Count = 100
    """Epochs at most; early stopping usually ends it before."""
    max_steps: Count | None = None
    """Steps of the optimizer at most."""
    max_time: Span | None = None
    """Wall time after which training ends with the weights of the best epoch so far, such as 30m. What is trained then
    depends on how fast the machine is; a training that is resumed counts on."""
    gradient_clip: Annotated[float, Ge(0)] = 0.0
    """Largest norm of the gradient; 0 for no limit."""
    accumulate: Count = 1
    """Batches whose gradients are averaged for a step of the optimizer."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Numbers that layers compute with, by Lightning's names. bf16-mixed is faster on recent GPUs and, for wide
    networks, on CPUs that multiply bfloat16 (AVX-512 BF16, AMX). Weights are float32 always."""
    deterministic: bool = True
    """Whether operations that may round otherwise each time are refused; it costs a GPU some speed."""
    threads: Count = 1
    """CPU threads. More help networks of some millions of weights, slow small ones down, and change last bits."""
    devices: Count = 1
    """How many GPUs, or processes on the CPU, train together: each takes its part of every batch. Sums are then divided
    among them, and rounded differently for each number, and each draws its own dropout."""
    strategy: Annotated[Literal["auto", "ddp"], Uncached()] = "auto"
    """How several devices work together: ddp, which auto takes too, holds the whole network on each of them."""
    accelerator: Annotated[Literal["auto", "cpu", "cuda"], Uncached()] = "auto"
    """Where it runs; auto takes a GPU if there is one."""
    checkpoint_every: Annotated[Span, Uncached()] = "1m"
    """Time between checkpoints within an epoch; the end of each epoch has one too."""

    def on_gpu(self) -> bool:
        """Whether it runs on a GPU of this machine."""
        if self.accelerator == "cpu":
            return False
        import torch

        return torch.cuda.is_available()

    def preflight(self) -> list[HeadwayError]:
        """A GPU that is asked for and missing."""
        if self.accelerator == "cuda" and not self.on_gpu():
            return [
                HeadwayError(
                    "model.trainer.accelerator is cuda, but this machine has no CUDA device that torch can use",
                    hint="model.trainer.accelerator=auto takes what there is",
                    code="no-gpu",
                )
            ]
        return self._too_few() if self.devices > 1 else []

    def _too_few(self) -> list[HeadwayError]:
        """Fewer GPUs, or cores, than processes."""
        import os

        if self.on_gpu():
            import torch

            there, what = torch.cuda.device_count(), "CUDA devices"
        else:
            there, what = (
                len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
                "cores",
            )
        if self.devices <= there:
            return []
        return [
            HeadwayError(
                f"model.trainer.devices is {self.devices}, but this machine has {there} {what}",
                hint=f"model.trainer.devices={there}",
                code="too-few-devices",
            )
        ]
