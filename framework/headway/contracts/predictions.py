"""Scored rows: what evaluation, comparison, stacking and monitoring read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from headway.contracts.artifact import Artifact, Lookup, read_json, write_json
from headway.contracts.model import Output
from headway.contracts.schema import ROW, Target
from headway.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


@dataclass(frozen=True)
class PredictionsHead:
    """The part of `Predictions` that is JSON."""

    target: Target | None
    outputs: tuple[Output, ...]
    predictor: str


@dataclass(frozen=True)
class Predictions(Artifact):
    """One row a scored row.

    Attributes:
        frame: Columns `ROW` (int64), ``split``, then, where the data have them, ``target`` (an array
            column, if the target has a horizon or several labels), ``weight``, ``group``, ``time``; then the columns
            of every output (see `output_columns`).
        target: What the ``target`` column means, or None.
        outputs: What was predicted.
        predictor: The digest of the predictor that gave them.
    """

    type_name: ClassVar[str] = "predictions"

    frame: pl.DataFrame = field(repr=False)
    target: Target | None
    outputs: tuple[Output, ...]
    predictor: str

    def output(self, name: str) -> np.ndarray:
        """The array of one output, rows first, as the predictor gave it."""
        output = next(o for o in self.outputs if o.name == name)
        columns = output_columns(output)
        array = self.frame.select(columns).to_numpy()
        if columns == [output.name]:
            return array[:, 0]
        return array if output.horizon is None else array.reshape(len(array), *output_shape(output))

    def save(self, folder: Path) -> None:
        """Writes ``predictions.json`` and ``predictions.parquet``."""
        write_json(folder / "predictions.json", PredictionsHead(self.target, self.outputs, self.predictor))
        self.frame.write_parquet(folder / "predictions.parquet", compression="zstd")

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Reads what `save` wrote."""
        import polars as pl

        head = read_json(folder / "predictions.json", PredictionsHead)
        frame = pl.read_parquet(folder / "predictions.parquet", glob=False)
        return cls(frame, head.target, head.outputs, head.predictor)


def output_shape(output: Output) -> tuple[int, ...]:
    """The shape of one row of an output: its steps, if it has a horizon, then its classes or levels."""
    items = () if output.kind == "label" else output.classes or output.levels or ()
    return (*([] if output.horizon is None else [output.horizon]), *([len(items)] if items else []))


def output_columns(output: Output) -> list[str]:
    """The table columns of an output: its name, or ``name[item]`` for each class, level or step."""
    items: list[object] = list(output.classes or output.levels or ())
    if output.kind == "label" or (not items and output.horizon is None):
        return [output.name]
    if output.horizon is None:
        return [f"{output.name}[{item}]" for item in items]
    steps = range(1, output.horizon + 1)
    return [f"{output.name}[{step}{f',{item}' if item != '' else ''}]" for step in steps for item in items or [""]]


def tabulate(outputs: tuple[Output, ...], arrays: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Output arrays (rows first, any further axes flattened in order) as table columns.

    Raises:
        DataError: An array has another shape than its output promises.
    """
    import polars as pl

    columns: dict[str, np.ndarray] = {}
    for output in outputs:
        array, shape = arrays[output.name], output_shape(output)
        if array.shape[1:] != shape and array.shape[1:] != (*shape, 1):
            raise DataError(
                f"output '{output.name}' has rows of shape {array.shape[1:]}, its description says {shape}",
                hint="mend the output's classes, levels or horizon, or the graph",
                code="output-shape",
            )
        flat = array.reshape(len(array), math.prod(shape))
        columns |= {name: flat[:, i] for i, name in enumerate(output_columns(output))}
    return pl.DataFrame(columns)


__all__ = ["ROW", "Predictions", "output_columns", "output_shape", "tabulate"]
