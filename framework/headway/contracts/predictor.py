"""Features and model in one: raw rows in, outputs out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from headway.contracts.artifact import Artifact, Lookup, canonical_json, digest_of, read_json, write_json
from headway.contracts.feeds import conform, feeds
from headway.contracts.graph import Graph, Runtime, run_chunked
from headway.contracts.model import Output
from headway.contracts.recipe import Recipe
from headway.contracts.schema import Column
from headway.contracts.steps.keys import require_columns
from headway.contracts.steps.limits import Outside

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


@dataclass(frozen=True)
class PredictorHead:
    """The part of `Predictor` that is JSON; see there for the attributes."""

    columns: tuple[Column, ...]
    recipe: Recipe
    outputs: tuple[Output, ...]
    runtime: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Predictor(Artifact):
    """What is deployed: raw columns → outputs.

    Attributes:
        columns: The raw columns it takes.
        recipe: Replayed on rows in the form of the source before the graph.
        outputs: What it gives, each with its kind.
        graph: Features and model merged.
        evidence: What the parity gate measured (JSON types).
    """

    type_name: ClassVar[str] = "predictor"

    columns: tuple[Column, ...]
    recipe: Recipe
    outputs: tuple[Output, ...]
    graph: Graph
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides a prediction (the evidence does not)."""
        meaning = canonical_json([self.columns, self.recipe, self.outputs])
        return digest_of(meaning, self.graph.digest.encode())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the raw columns."""
        return tuple(column.name for column in self.columns)

    @property
    def replayed(self) -> Recipe:
        """The part of the recipe that makes the columns: what makes the target, say, is not."""
        return self.recipe.only(self.names)

    @property
    def source(self) -> tuple[str, ...]:
        """The columns that rows in the form of the source must have."""
        return self.recipe.needs(self.names)

    @property
    def history(self) -> int:
        """How many rows before a row decide its prediction; 0 for all but forecasts."""
        return max((column.history for column in self.columns), default=0)

    def open(self, lookup: Lookup) -> Scorer:
        """The predictor ready to score rows."""
        return Scorer(self, self.graph.open(lookup))

    def save(self, folder: Path) -> None:
        """Writes ``predictor.json`` and the graph's files."""
        write_json(
            folder / "predictor.json",
            PredictorHead(self.columns, self.recipe, self.outputs, self.graph.runtime, self.evidence),
        )
        self.graph.save(folder / "graph")

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Reads what `save` wrote; nothing is opened until `open`."""
        head = read_json(folder / "predictor.json", PredictorHead)
        graph = Graph.load(folder / "graph", head.runtime)
        return cls(head.columns, head.recipe, head.outputs, graph, head.evidence)


@dataclass(frozen=True)
class Scorer:
    """A predictor with its runtime open. Safe to share between threads.

    Attributes:
        predictor: What is run.
        runtime: What runs it.
    """

    predictor: Predictor
    runtime: Runtime

    def raw(self, frame: pl.DataFrame, tables: Mapping[str, pl.LazyFrame] | None = None) -> dict[str, np.ndarray]:
        """Scores rows in the form of the source (the recipe is replayed).

        Args:
            frame: The columns in `Predictor.source`; others are ignored.
            tables: The tables that the recipe joins, and the rows' history: see `Recipe.open`.

        Raises:
            DataError: Columns are missing; values are of other types, or are not what rules of the data allow.
        """
        require_columns(frame.columns, self.predictor.source, "rows to be scored")
        recipe = self.predictor.replayed
        names = self.predictor.names
        needed = {*self.predictor.source, *recipe.recalls(names), *recipe.judges(names)}
        rows = frame.lazy().select(name for name in frame.columns if name in needed)
        replay, outside = recipe.open(tables), Outside(recipe.steps)
        typed = replay.typed(rows)
        outside.add(typed)
        outside.refuse()
        return self(replay.make(typed).collect())

    def __call__(self, frame: pl.DataFrame, before: pl.DataFrame | None = None) -> dict[str, np.ndarray]:
        """Scores rows in the form of the dataset.

        Args:
            frame: The predictor's columns; others are ignored. Where columns have a history, its rows are
                consecutive.
            before: The rows right before them, of which as many are read as the longest history needs.
                What is not given is missing.

        Returns:
            Output name to array, rows first.

        Raises:
            DataError: Columns are missing or of the wrong type.
        """
        columns = self.predictor.columns
        rows, known = conform(frame, columns), 0
        if before is not None and self.predictor.history:
            past = conform(before.tail(self.predictor.history), columns)
            rows, known = past.vstack(rows), past.height
        given = {name: array[known:] for name, array in feeds(rows, columns).items()}
        return run_chunked(self.runtime, given)
