"""What is wrong with an author's module, told before it is trained or as soon as it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from headway.errors import PluginError
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities.model_helpers import is_overridden

METHODS = {"forward": torch.nn.Module, "training_step": pl.LightningModule, "configure_optimizers": pl.LightningModule}
"""What a module must have → whose own does not count."""
HINT = "docs/models.md shows a module that works"
ROWS = 64
"""Rows whose answers are compared when a model is built again."""


def check_methods(module: Any) -> None:
    """Raises `PluginError` unless it is a LightningModule that can be trained and served."""
    name = name_of(module)
    if not isinstance(module, pl.LightningModule):
        raise PluginError(f"module() gives {name}, no LightningModule", hint=HINT, code="module")
    for method, base in METHODS.items():
        if not is_overridden(method, module, base):
            raise PluginError(f"{name} has no {method}", hint=HINT, code="module")


def check_forward(module: torch.nn.Module, given: Any, wanted: Sequence[tuple[int, ...]]) -> torch.Tensor:
    """What `forward` gives for some rows; raises `PluginError` unless it has a shape that is wanted, and is finite."""
    name = name_of(module)
    try:
        with torch.no_grad():
            answer = module(given)
    except Exception as error:
        raise PluginError(
            f"forward of {name} fails: {_first_line(error)}",
            hint=f"its x is {described(given)}; rows come first",
            code="module-forward",
        ) from error
    found = tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__
    if found not in wanted:
        raise PluginError(
            f"forward of {name} gives {found} for {wanted[0][0]} rows, not {' or '.join(map(str, wanted))}",
            hint="forward gives a logit a class, or a value a row",
            code="module-shape",
        )
    if not bool(torch.isfinite(answer).all()):
        raise PluginError(f"forward of {name} gives no finite numbers, before any training", code="module-finite")
    return torch.as_tensor(answer)


def check_logits(module: torch.nn.Module, answer: torch.Tensor, logits: bool) -> None:
    """Raises `PluginError` if `forward` gives probabilities where logits are said to come, or the other way round."""
    sums = torch.allclose(answer.sum(dim=-1), torch.ones(()), atol=1e-4)
    if (sums and bool((answer >= 0).all())) != logits:
        return
    found, hint = (
        ("probabilities", "return logits, without softmax, or set the class attribute logits = False of the stage")
        if logits
        else ("no probabilities", "return probabilities, or set the class attribute logits = True of the stage")
    )
    raise PluginError(f"forward of {name_of(module)} gives {found}", hint=hint, code="module-logits")


def check_optimizers(module: torch.nn.Module, optimizers: Sequence[torch.optim.Optimizer]) -> None:
    """Raises `PluginError` if nothing would be trained, or something that is not saved with the module."""
    name = name_of(module)
    groups = [group["params"] for optimizer in optimizers for group in optimizer.param_groups]
    trained = [parameter for group in groups for parameter in group if parameter.requires_grad]
    if not trained:  # without an optimizer, Lightning makes one of nothing
        raise PluginError(f"configure_optimizers of {name} gives no optimizer", hint=HINT, code="module-optimizer")
    own = {id(parameter) for parameter in module.parameters()}
    if any(id(parameter) not in own for parameter in trained):
        raise PluginError(
            f"an optimizer of {name} trains parameters that are not the module's, so that they would not be saved",
            hint="put layers that stand in a list or dict into a ModuleList or ModuleDict",
            code="module-parameters",
        )


def check_loss(module: torch.nn.Module, loss: torch.Tensor) -> None:
    """Raises `PluginError` if a loss depends on no parameter."""
    if not loss.requires_grad:
        raise PluginError(
            f"the loss that training_step of {name_of(module)} gives has no gradient",
            hint="return it as it was computed, without detach(), item() or no_grad()",
            code="module-loss",
        )


def no_loss(module: torch.nn.Module) -> PluginError:
    """The error for an epoch whose every step gave no loss, though Lightning was to take the steps."""
    return PluginError(
        f"training_step of {name_of(module)} gave no loss in the whole epoch: nothing is learnt",
        hint="return the loss; a module that steps its optimizers itself sets automatic_optimization = False",
        code="module-loss",
    )


def check_rebuilt(trained: torch.nn.Module, again: torch.nn.Module, arrays: Sequence[torch.Tensor], name: str) -> None:
    """Raises `PluginError` unless a model that is built again and given the weights gives the same answers.

    Args:
        trained: The network, in evaluation mode.
        again: The same, built afresh, with the weights of `trained`, in evaluation mode.
        arrays: Some rows.
        name: Of the stage.
    """
    with torch.inference_mode():
        first, second, other = trained(*arrays), trained(*arrays), again(*arrays)
    if not _equal(first, second):
        raise PluginError(
            f"the network of {name} gives another answer each time it is asked, though it is in evaluation mode",
            hint="random layers must look at self.training: nn.Dropout does, functional.dropout(x, p) does not",
            code="module-random",
        )
    if not _equal(first, other):
        raise PluginError(
            f"the network of {name} gives other answers when it is loaded again: it uses something that its weights "
            "do not hold",
            hint="layers in a list or dict belong into a ModuleList or ModuleDict, tensors into register_buffer",
            code="module-unsaved",
        )


def _equal(first: torch.Tensor, second: torch.Tensor) -> bool:
    return torch.allclose(first, second, rtol=0, atol=0, equal_nan=True)


def refused(module: torch.nn.Module, error: Exception) -> PluginError | None:
    """The error for what Lightning says is wrong with a module; None if it is something else."""
    if not isinstance(error, MisconfigurationException):
        return None
    return PluginError(f"{name_of(module)}: {str(error).splitlines()[0]}", hint=HINT, code="module")


def described(given: Any) -> str:
    """An array, or several by name, in words."""
    if isinstance(given, Mapping):
        return "a dict of " + ", ".join(f"{name} {described(array)}" for name, array in given.items())
    return f"{str(given.dtype).removeprefix('torch.')} {list(given.shape)}"


def name_of(module: Any) -> str:
    """A class's name as its author wrote it, without the function that it was defined in."""
    return type(module).__qualname__.rpartition("<locals>.")[2]


def _first_line(error: Exception) -> str:
    told = str(error).strip()
    return f"{type(error).__name__}: {told.splitlines()[0]}" if told else type(error).__name__
