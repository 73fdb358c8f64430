"""Batch normalisation over the whole batch, when each process has a part of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import distributed
from torch.nn.modules.batchnorm import _BatchNorm


class _Sum(torch.autograd.Function):
    """The sum over all processes. A loss that is the sum of theirs has, for each term, the sum of their gradients."""

    @staticmethod
    def forward(ctx: Any, given: torch.Tensor) -> torch.Tensor:
        total = given.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]  # torch's own signature
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


class SharedNorm(_BatchNorm):
    """Batch normalisation whose batch is that of all processes, on a CPU too, which torch's own cannot.

    Source: Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167.
    """

    def _check_input_dim(self, input: torch.Tensor) -> None:
        """Any number of axes."""

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """(rows, channels, …), of which each process has its rows → the same shape."""
        if not self.training:
            return super().forward(given)
        axes = [axis for axis in range(given.dim()) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(given.dim())]
        wide = given.float()
        count = torch.full((), float(given.numel() // given.shape[1]), device=given.device)  # waits for no GPU
        distributed.all_reduce(count)
        mean = _sum(wide, axes) / count
        apart = wide - mean.view(shape)
        variance = _sum(apart.square(), axes) / count
        self._remember(mean.detach(), variance.detach() * count / (count - 1))
        out = apart * torch.rsqrt(variance + self.eps).view(shape)
        if self.affine:
            out = out * self.weight.view(shape) + self.bias.view(shape)
        return out.to(given.dtype)

    def _remember(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / self.num_batches_tracked.float() if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def _sum(tensor: torch.Tensor, axes: list[int]) -> torch.Tensor:
    total: torch.Tensor = _Sum.apply(tensor.sum(axes))
    return total


def share_norms(module: torch.nn.Module) -> None:
    """Puts `SharedNorm` where batch normalisation is, with the same parameters and buffers."""
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm) and not isinstance(child, torch.nn.SyncBatchNorm):
            norm = SharedNorm(child.num_features, child.eps, child.momentum, child.affine, child.track_running_stats)
            norm._parameters, norm._buffers = child._parameters, child._buffers
            setattr(module, name, norm.train(child.training))
        else:
            share_norms(child)
