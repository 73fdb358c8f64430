"""Scored rows: what evaluation, comparison, stacking and monitoring read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from headway.contracts.artifact import Artifact, Lookup, read_json, write_json
from headway.contracts.model import Output
from headway.contracts.schema import ROW, Target

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
        frame: Columns `ROW` (int64), ``split``, then, where the data have them, ``target``, ``weight``,
            ``group``, ``time``; then the columns of every output (see `output_columns`).
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
        return array[:, 0] if len(columns) == 1 and columns[0] == output.name else array

    def save(self, folder: Path) -> None:
        """Writes ``predictions.json`` and ``predictions.parquet``."""
        write_json(folder / "predictions.json", PredictionsHead(self.target, self.outputs, self.predictor))
        self.frame.write_parquet(folder / "predictions.parquet", compression="zstd")

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Reads what `save` wrote."""
        import polars as pl

        head = read_json(folder / "predictions.json", PredictionsHead)
        frame = pl.read_parquet(folder / "predictions.parquet")
        return cls(frame, head.target, head.outputs, head.predictor)


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
    """Output arrays (rows first, any further axes flattened in order) as table columns."""
    import polars as pl

    columns: dict[str, np.ndarray] = {}
    for output in outputs:
        array = arrays[output.name]
        flat = array.reshape(len(array), -1)
        columns |= {name: flat[:, i] for i, name in enumerate(output_columns(output))}
    return pl.DataFrame(columns)


__all__ = ["ROW", "Predictions", "output_columns", "tabulate"]
