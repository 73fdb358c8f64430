"""A pipeline whose data are divided into folds and whose report holds predictions, to try cross-validation."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from headway import Context, Stage
from headway.contracts import Column, Dataset, Measurement, Output, Predictions, Report, Schema, Target


@dataclass(frozen=True)
class Split:
    """How rows are divided."""

    folds: int | None = None
    """How many folds."""
    fold: int = 0
    """Which one is the test."""


@dataclass(frozen=True)
class Numbers(Stage):
    """The numbers 0 to 29, and whether they are above 14."""

    split: Split = field(default_factory=Split)
    """How they are divided."""

    def run(self, context: Context) -> Dataset:
        import polars as pl

        frame = pl.DataFrame({"__row__": range(30), "x": [float(i) for i in range(30)]})
        frame = frame.with_columns(y=pl.when(pl.col("x") > 14).then(pl.lit("yes")).otherwise(pl.lit("no")))
        tested = pl.col("__row__") % (self.split.folds or 5) == self.split.fold
        schema = Schema(
            (Column("x", "numeric", "Float64"), Column("y", "categorical", "String")),
            (Target("y", "classification", ("no", "yes")),),
        )
        return Dataset(schema, {"train": frame.filter(~tested).lazy(), "test": frame.filter(tested).lazy()})


@dataclass(frozen=True)
class Slope(Stage):
    """Says yes the surer the larger x is, but differently in every fold."""

    sharpness: float = 1.0
    """How fast it becomes sure."""

    def run(self, context: Context, data: Dataset) -> Report:
        import polars as pl

        with Path(os.environ["TOY_LOG"]).open("a") as log:
            log.write(f"judged {self.sharpness:g}\n")
        rows = data.split("test").collect()
        positive = (pl.col("x") / 29 * self.sharpness - rows["x"][0] / 100).clip(0, 1).cast(pl.Float32)
        frame = rows.select(
            "__row__", pl.lit("test").alias("split"), pl.col("y").alias("target"),
            (1 - positive).alias("probability[no]"), positive.alias("probability[yes]"),
        )  # fmt: skip
        output = Output("probability", "probability", ("no", "yes"))
        predictions = Predictions(frame, data.schema.target, (output,), "")
        accuracy = float(((frame["probability[yes]"] > 0.5) == (frame["target"] == "yes")).mean())
        context.record({"test.accuracy": accuracy})
        measured = (Measurement("accuracy", "test", accuracy, rows=len(rows)), Measurement("auroc", "test", 0.0))
        return Report("", "", 0.95, "", measured, "", predictions={"model": predictions})


def headway_register(registry) -> None:
    registry.add("data", "numbers", Numbers)
    registry.add("evaluation", "slope", Slope)
