"""Typed rows in named splits, and the recipe that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from headway.contracts.artifact import Artifact, Lookup, read_json, write_json
from headway.contracts.recipe import Recipe
from headway.contracts.schema import Schema
from headway.errors import DataError, room_in
from headway.naming import unknown

if TYPE_CHECKING:
    import polars as pl

ROW_GROUP = 65_536
"""Rows in a block of a parquet file: said, so that the bytes do not depend on how rows came."""


@dataclass(frozen=True)
class Dataset(Artifact):
    """The rows of an experiment.

    Attributes:
        schema: The columns and their roles.
        splits: Split name (``train``, ``validation``, ``test``, or others) to a lazy frame with the
            columns of the schema in order, preceded by the row id `headway.contracts.ROW` (int64).
        recipe: How rows in the form of the source became these; replayed by ``predict``.
    """

    type_name: ClassVar[str] = "dataset"

    schema: Schema
    splits: Mapping[str, pl.LazyFrame] = field(repr=False)
    recipe: Recipe = field(default_factory=Recipe)

    def split(self, name: str) -> pl.LazyFrame:
        """The rows of one split; raises `DataError` naming the splits there are."""
        if name not in self.splits:
            raise DataError(unknown("split", name, self.splits), code="unknown-split")
        return self.splits[name]

    def save(self, folder: Path) -> None:
        """Writes ``schema.json``, ``recipe.json`` and one parquet file a split; rows are streamed."""
        write_json(folder / "schema.json", self.schema)
        write_json(folder / "recipe.json", self.recipe)
        (folder / "splits").mkdir()
        for name, frame in self.splits.items():
            path = folder / "splits" / f"{name}.parquet"
            with room_in(folder):
                frame.sink_parquet(path, compression="zstd", row_group_size=ROW_GROUP, maintain_order=True)

    @classmethod
    def load(cls, folder: Path, lookup: Lookup) -> Self:
        """Reads the JSON; the splits stay lazy scans of their files."""
        import polars as pl

        splits = {path.stem: pl.scan_parquet(path, glob=False) for path in sorted((folder / "splits").iterdir())}
        schema = read_json(folder / "schema.json", Schema)
        return cls(schema, splits, read_json(folder / "recipe.json", Recipe))
