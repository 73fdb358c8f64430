"""A torch module as a graph."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headway_onnx.merging import rename
from headway_onnx.protos import BATCH, OPSET, GraphError, to_bytes

if TYPE_CHECKING:
    import torch
    from onnx import ModelProto


def export_module(module: torch.nn.Module, examples: Mapping[str, torch.Tensor], outputs: Sequence[str]) -> bytes:
    """Exports a module whose first axes are the batch, by torch's dynamo exporter.

    The same module gives the same bytes in every process and folder: the exporter's metadata, which
    holds source paths, is stripped. The module is exported in evaluation mode and given back as it was.

    Args:
        module: Its ``forward`` takes one positional argument an input (or ``*args``) and gives one tensor
            or a tuple of tensors. The first axis of every input and output is the row; everything else
            has a fixed shape.
        examples: Input name to an example tensor (any number of rows ≥ 1), in the order of ``forward``'s
            arguments. The name, any text, becomes the input's name.
        outputs: Names of the outputs, in the order in which ``forward`` gives them.

    Returns:
        One ONNX file: opset 20, IR 10, without external data; linted by the export stage, not here.

    Raises:
        GraphError: torch cannot export the module, the number of outputs differs, or an output has
            lost the batch axis.
    """
    from onnx import inliner

    # The exporter names inner values after operators (`add`, `linear`): a column of that name would
    # collide, so it is given names of our own, and the wanted ones are put in afterwards.
    names_in = {f"input/{i}": name for i, name in enumerate(examples)}
    names_out = {f"output/{i}": name for i, name in enumerate(outputs)}
    with _evaluating(module), _quietly():
        # Copies, because torch takes one tensor given for two inputs to be one input, without a word.
        copies = tuple(tensor.detach().clone() for tensor in examples.values())
        model = _export(module, copies, list(names_in), list(names_out))
    _check_batch(module, model, names_out)
    return to_bytes(rename(inliner.inline_local_functions(model), names_in | names_out, "module/"))


def _export(
    module: torch.nn.Module, examples: tuple[torch.Tensor, ...], inputs: list[str], outputs: list[str]
) -> ModelProto:
    import torch

    rows = torch.export.Dim(BATCH, min=1)
    shapes: tuple[Any, ...] = tuple({0: rows} for _ in examples)
    if any(p.kind is p.VAR_POSITIONAL for p in inspect.signature(module.forward).parameters.values()):
        shapes = (shapes,)
    try:
        program = torch.onnx.export(
            module,
            examples,
            dynamo=True,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=shapes,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    except Exception as error:  # the exporter raises whatever the module's own code does
        raise _failed(module, str(error).strip().splitlines()[0] if str(error).strip() else repr(error)) from error
    if program is None:
        raise _failed(module, "torch gave no program")
    return program.model_proto


def _check_batch(module: torch.nn.Module, model: ModelProto, names: Mapping[str, str]) -> None:
    given = [value.name for value in model.graph.output]
    if given != list(names):
        raise _failed(module, f"it gives {len(given)} outputs, but {len(names)} are named: {list(names.values())}")
    for value in model.graph.output:
        dims = value.type.tensor_type.shape.dim
        if not dims or dims[0].dim_param != BATCH:
            raise _failed(module, f"the first axis of its output '{names[value.name]}' is not the row")


def _failed(module: torch.nn.Module, why: str) -> GraphError:
    return GraphError(
        f"{type(module).__name__} cannot be exported: {why}",
        hint="forward takes tensors and gives tensors, rows first; loops and shapes must not depend on values",
        code="export-module",
    )


@contextmanager
def _evaluating(module: torch.nn.Module) -> Iterator[None]:
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


@contextmanager
def _quietly() -> Iterator[None]:
    """Hides what the exporter says of itself: missing torchvision, its own deprecations, its renaming."""
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning)
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", message="# The axis name", category=UserWarning)
            yield
    finally:
        log.setLevel(level)
