"""Forecasts: windows of a series as views, a linear model and naive ones, judged step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Gt, Lt
from headway import Context, DataError, Seed, SourcePath, Stage
from headway.contracts import (
    POSITION,
    ROW,
    TARGET,
    ArrayModel,
    ArraySpec,
    Augmentation,
    Column,
    Dataset,
    Features,
    Graph,
    Measurement,
    Output,
    Predictions,
    Predictor,
    Report,
    Schema,
    Source,
    Table,
    Target,
    View,
    conform,
    feeds,
    labels,
    score_split,
)  # fmt: skip
from headway.metrics import Mae

if TYPE_CHECKING:
    import numpy as np

LEVELS = (0.1, 0.9)


@dataclass(frozen=True)
class Series(Stage):
    """The steps of one series in their order, divided by time."""

    path: SourcePath
    """A CSV file with a column ``time``."""
    target: str
    """The column to forecast."""
    horizon: Annotated[int, Ge(1)] = 12
    """How many steps ahead."""
    train: Annotated[float, Gt(0), Lt(1)] = 0.6
    """The first part of the series, to learn from; the rest is halved."""

    def run(self, context: Context) -> Dataset:
        import polars as pl

        frame = pl.read_csv(Path(self.path), try_parse_dates=True).select("time", self.target)
        if not frame["time"].is_sorted():
            raise DataError(f"{self.path} is not in the order of time", hint="sort it by 'time'", code="time-order")
        frame = frame.with_row_index(ROW).cast({ROW: pl.Int64})
        ends = [0, round(self.train * len(frame)), round((1 + self.train) / 2 * len(frame)), len(frame)]
        names = ("train", "validation", "test")
        splits = {name: frame[start:end].lazy() for name, start, end in zip(names, ends, ends[1:], strict=False)}
        columns = (Column("time", "timestamp", "Datetime"), Column(self.target, "numeric", "Float64", nullable=True))
        return Dataset(Schema(columns, (Target(self.target, "forecast", horizon=self.horizon),), time="time"), splits)


@dataclass(frozen=True)
class Jitter(Augmentation):
    """Noise on the windows, not on what follows them."""

    scale: float

    def __call__(self, batch, generator):
        window = batch["window"]
        noise = generator.normal(0, self.scale, window.shape).astype(window.dtype)
        return {**batch, "window": window + noise}


@dataclass(frozen=True)
class Windows(Stage):
    """The last values of the series at each step; gaps are filled with the mean."""

    window: Annotated[int, Ge(2)] = 48
    """How many values, the step's own included."""
    jitter: Annotated[float, Ge(0)] = 0.0
    """Standard deviation of the noise on training windows."""

    def run(self, context: Context, data: Dataset) -> Features:
        import numpy as np
        import polars as pl

        target = data.schema.target
        column = replace(data.schema.column(target.column), history=self.window - 1)
        known = data.split("train").collect()[target.column].drop_nulls()
        reach = known.max() - known.min()
        limits = {"mean": known.mean(), "low": known.min() - reach, "high": known.max() + reach}
        graph = as_graph(
            f"""(double[batch, {self.window}] {column.name}) => (float[batch, {self.window}] window) {{
                missing = IsNaN({column.name})
                filled = Where(missing, mean, {column.name})
                kept = Clip(filled, low, high)
                window = Cast<to: int = 1>(kept) }}""",
            {name: np.array(value) for name, value in limits.items()},
        )
        runtime, sources = graph.open(context.registry), {}
        views = {
            "window": View("series", POSITION, tuple(range(1 - self.window, 1))),
            TARGET: View("actual", POSITION, tuple(range(1, target.horizon + 1))),
        }
        for name, lazy in data.splits.items():
            frame = lazy.collect()
            fed = feeds(conform(frame, (column,)), (column,))[column.name]
            pieces = runtime.run({column.name: fed[:: -self.window]})["window"]  # beside one another, the last first
            whole = np.flatnonzero(np.isfinite(labels(frame, data.schema)[TARGET]).all(axis=1))
            arrays = {
                "series": pieces[::-1].reshape(-1)[-len(frame) :],
                "actual": frame[column.name].cast(pl.Float32).to_numpy(),
                POSITION: whole[whole >= self.window - 1],
            }
            sources[name] = Source(arrays, len(arrays[POSITION]), views)
        augmentation = {"use": "jitter", "scale": self.jitter} if self.jitter else None
        spec = ArraySpec("window", "float32", (self.window,))
        return Features((column,), data.recipe, graph, (spec,), target, sources, augmentation)


def as_graph(text: str, constants: Mapping[str, np.ndarray]) -> Graph:
    """A graph in ONNX's text format; opset and format are those that graphs are merged in."""
    from onnx import numpy_helper, parser

    model = parser.parse_model(f'<ir_version: 10, opset_import: ["": 20]> graph {text}')
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in constants.items())
    return Graph("onnx", {"model.onnx": model.SerializeToString(deterministic=True)})


@dataclass(frozen=True)
class WindowModel(ArrayModel):
    """Steps ahead as weighted sums of a window: slope (window, steps), offset (steps,), spread (steps, levels)."""

    type_name: ClassVar[str] = "window_model"

    def predict(self, batch):
        import numpy as np

        level = batch["window"].astype(np.float64) @ self.weights["slope"] + self.weights["offset"]
        quantiles = level[:, :, None] + self.weights["spread"]
        return {"forecast": level.astype(np.float32), "quantiles": quantiles.astype(np.float32)}

    def export(self) -> Graph:
        import numpy as np

        (window, steps), levels = self.weights["slope"].shape, self.weights["spread"].shape[1]
        return as_graph(
            f"""(float[batch, {window}] window)
                => (float[batch, {steps}] forecast, float[batch, {steps}, {levels}] quantiles) {{
                wide = Cast<to: int = 11>(window)
                level = Gemm(wide, slope, offset)
                forecast = Cast<to: int = 1>(level)
                column = Unsqueeze(level, axes)
                spreads = Add(column, spread)
                quantiles = Cast<to: int = 1>(spreads) }}""",
            {**self.weights, "axes": np.array([2])},
        )


def finish(context: Context, features: Features, slope: np.ndarray, offset: np.ndarray) -> WindowModel:
    """The model with the spread of its training errors, and its error on the validation split."""
    import numpy as np

    steps = features.target.horizon
    outputs = (Output("forecast", "value", horizon=steps), Output("quantiles", "quantile", None, LEVELS, steps))
    plain = WindowModel(features.arrays, outputs, {"slope": slope, "offset": offset, "spread": np.zeros((steps, 2))})
    errors = [b[TARGET] - plain.predict(b)["forecast"] for b in batches(features.source("train"))]
    spread = np.quantile(np.concatenate(errors).astype(np.float64), LEVELS, axis=0).T
    model = replace(plain, weights={**plain.weights, "spread": spread})
    held = features.source("validation").batch()
    context.record(metrics := {"validation.mae": Mae()(held[TARGET], model.predict(held)["forecast"])})
    return replace(model, metrics=metrics)


def batches(source: Source, size: int = 256):
    """The rows in their order; only these windows are ever copied."""
    return (source.batch(slice(start, start + size)) for start in range(0, len(source), size))


@dataclass(frozen=True)
class Autoregression(Stage):
    """Least squares on the window, one equation a step."""

    ridge: Annotated[float, Ge(0)] = 1.0
    """Penalty on the squared weights."""
    seed: Seed = 0
    """Of the augmentation."""

    def run(self, context: Context, features: Features) -> WindowModel:
        import numpy as np

        augment, random = features.augment(context.registry), np.random.default_rng(self.seed)
        gram, cross = 0.0, 0.0
        for batch in batches(features.source("train")):
            batch = augment(batch, random) if augment else batch
            window = np.column_stack([batch["window"], np.ones(len(batch["window"]))]).astype(np.float64)
            gram, cross = gram + window.T @ window, cross + window.T @ batch[TARGET]
        solved = np.linalg.solve(gram + self.ridge * np.eye(len(gram)), cross)
        return finish(context, features, np.ascontiguousarray(solved[:-1]), solved[-1].copy())


@dataclass(frozen=True)
class Naive(Stage):
    """What was one season ago; with a season of 1, the previous value."""

    season: Annotated[int, Ge(1)] = 1
    """Steps in a season."""

    def run(self, context: Context, features: Features) -> WindowModel:
        import numpy as np

        (window,), steps = features.arrays[0].shape, features.target.horizon
        slope = np.zeros((window, steps))
        slope[window - self.season + np.arange(steps) % self.season, np.arange(steps)] = 1
        return finish(context, features, slope, np.zeros(steps))


@dataclass(frozen=True)
class SeasonalNaive(Naive):
    """What was one day ago."""

    season: Annotated[int, Ge(1)] = 24
    """Steps in a season."""


@dataclass(frozen=True)
class Forecast(Stage):
    """Errors of point forecasts and quantiles, over all steps ahead and by step."""

    def run(
        self, context: Context, data: Dataset, export: Predictor, baselines: Mapping[str, Predictor] = {}
    ) -> Report:
        measured, steps, predictions = [], {}, {}
        for name, predictor in {"model": export, **baselines}.items():
            scorer = predictor.open(context.registry)
            scored = predictions[name] = whole(score_split(scorer, data, "test", past="validation"))
            truth = scored.frame["target"].to_numpy()
            for output in predictor.outputs:
                kind = {"value": "mae", "quantile": "pinball"}[output.kind]
                metric, given = context.registry.get("metric", kind).of(output), scored.output(output.name)
                measured.append(Measurement(kind, "test", metric(truth, given), rows=len(truth), model=name))
                steps[kind, name] = [metric(truth[:, step], given[:, step]) for step in range(output.horizon)]
        names = {
            m: f"test.{m.metric}" if m.model == "model" else f"baselines.{m.model}.test.{m.metric}" for m in measured
        }
        context.record({name: m.value for m, name in names.items()})
        tables = tuple(by_step(steps, kind, tuple(predictions)) for kind in ("mae", "pinball"))
        title, method = f"Forecast of {data.schema.target.column}", "none: neighbouring rows overlap in time"
        html = page(title, measured, tables)
        return Report(title, export.digest, 0.95, method, tuple(measured), html, tables, predictions=predictions)


def whole(scored: Predictions) -> Predictions:
    """The rows whose future is known."""
    import polars as pl

    return replace(scored, frame=scored.frame.filter(pl.col("target").arr.eval(pl.element().is_finite()).arr.all()))


def by_step(steps, kind, models) -> Table:
    columns = [steps[kind, name] for name in models]
    rows = tuple((step, *values) for step, values in enumerate(zip(*columns, strict=True), 1))
    return Table(f"{kind} by step ahead", ("step", *models), rows)


def page(title, measured, tables) -> str:
    parts = [f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><h1>{escape(title)}</h1>"]
    parts += [f"<p>{escape(m.model)}: {m.metric} {m.value:.3f} ({m.rows} rows)" for m in measured]
    for table in tables:
        rows = ("<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in row) for row in (table.columns, *table.rows))
        parts.append(f"<h2>{escape(table.title)}</h2><table>{''.join(rows)}</table>")
    return "\n".join(parts)


def headway_register(registry):
    registry.add("data", "series", Series)
    registry.add("augmentation", "jitter", Jitter)
    registry.add("features", "windows", Windows)
    for name, stage in {"autoregression": Autoregression, "naive": Naive, "seasonal": SeasonalNaive}.items():
        registry.add("model", name, stage)
    registry.add("artifact", WindowModel.type_name, WindowModel)
    registry.add("evaluation", "forecast", Forecast)
