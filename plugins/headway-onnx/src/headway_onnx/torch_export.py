"""A torch module as a graph."""

from __future__ import annotations

import inspect
import logging
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
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
        raise _failed(module, _reason(error)) from error
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
            raise _failed(module, f"the first axis of its output '{names[value.name]}' is not the row", _FIXED)


_HINT = "forward takes tensors and gives tensors, rows first; loops and shapes must not depend on values"
_FIXED = (
    "rows come first, and as many come out as go in; len(x), a loop over rows and int(…) fix their number at that of "
    "the example, x.shape[0] does not"
)


def _failed(module: torch.nn.Module, why: str, hint: str = _HINT) -> GraphError:
    return GraphError(f"{module._get_name()} cannot be exported: {why}", hint=hint, code="export-module")


def _reason(error: BaseException) -> str:
    """What the first of the errors behind an error says, and the line of the module that it comes from.

    torch's exporter wraps what went wrong in errors that tell of its own steps.
    """
    chain = [error]
    while (behind := chain[-1].__cause__ or chain[-1].__context__) is not None and behind not in chain:
        chain.append(behind)
    told = str(chain[-1]).strip() or repr(chain[-1])
    frames = [frame for each in chain for frame in traceback.extract_tb(each.__traceback__) if _is_authors(frame)]
    if not frames:
        return told.splitlines()[0]
    return f"{told.splitlines()[0]}, at {Path(frames[-1].filename).name}:{frames[-1].lineno}: {frames[-1].line}"


def _is_authors(frame: traceback.FrameSummary) -> bool:
    """Whether a line is neither torch's nor Headway's, nor Python's own."""
    parts = Path(frame.filename).parts
    return not {"site-packages", "headway_onnx", Path(traceback.__file__).parent.name} & set(parts)


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
    loggers = [logging.getLogger(name) for name in _TALKING]
    levels = [log.level for log in loggers]
    for log in loggers:
        log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()):  # where the whole graph is printed on failure
            warnings.filterwarnings("ignore", category=FutureWarning)
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", message="# The axis name", category=UserWarning)
            yield
    finally:
        for log, level in zip(loggers, levels, strict=True):
            log.setLevel(level)


_TALKING = ("torch.onnx._internal.exporter._registration", "torch.fx.experimental.symbolic_shapes")
