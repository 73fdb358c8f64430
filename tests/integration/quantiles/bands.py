"""Quantiles as a linear middle plus a linear spread, and a baseline that sees no column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from headway import Context, Stage
from headway.contracts import TARGET, WEIGHT, ArrayModel, Features, Graph, Output
from headway.metrics import Pinball

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class BandModel(ArrayModel):
    """``middle`` and ``spread`` (columns + 1,) of a row, and how many spreads each level is from the middle."""

    type_name: ClassVar[str] = "band_model"

    def predict(self, batch):
        import numpy as np

        rows = with_one(batch[self.inputs[0].name])
        spread = np.maximum(rows @ self.weights["spread"], self.weights["floor"])
        quantiles = (rows @ self.weights["middle"])[:, None] + spread[:, None] * self.weights["levels"]
        return {"quantiles": quantiles.astype(np.float32)}

    def export(self) -> Graph:
        from onnx import numpy_helper, parser

        text = f"""<ir_version: 10, opset_import: ["": 20]> graph
            (float[batch, {self.inputs[0].shape[0]}] {self.inputs[0].name})
            => (float[batch, {len(LEVELS)}] quantiles) {{
            wide = Cast<to: int = 11>({self.inputs[0].name})
            middle = Gemm(wide, slope, offset)
            linear = Gemm(wide, rise, base)
            spread = Max(linear, floor)
            far = Mul(spread, levels)
            double = Add(middle, far)
            quantiles = Cast<to: int = 1>(double) }}"""
        model = parser.parse_model(text)
        middle, spread = self.weights["middle"][:, None], self.weights["spread"][:, None]
        constants = {"slope": middle[:-1], "offset": middle[-1], "rise": spread[:-1], "base": spread[-1],
                     "floor": self.weights["floor"], "levels": self.weights["levels"]}  # fmt: skip
        model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in constants.items())
        return Graph("onnx", {"model.onnx": model.SerializeToString(deterministic=True)})


def with_one(array):
    import numpy as np

    return np.column_stack([array, np.ones(len(array))]).astype(np.float64)


def finish(context, features, middle, spread):
    """The model whose levels are the weighted quantiles of the training errors, in spreads."""
    import numpy as np

    spec = next(spec for spec in features.arrays if spec.cardinalities is None)
    rows = features.source("train").batch()
    given, weight = with_one(rows[spec.name]), rows.get(WEIGHT, np.ones(len(rows[TARGET])))
    middle, spread = middle(given, rows[TARGET], weight), spread(given, rows[TARGET], weight)
    floor = np.float64(1e-3)
    errors = (rows[TARGET] - given @ middle) / np.maximum(given @ spread, floor)
    levels = np.quantile(errors, LEVELS, weights=weight, method="inverted_cdf")
    output = Output("quantiles", "quantile", levels=LEVELS)
    weights = {"middle": middle, "spread": spread, "floor": floor, "levels": levels}
    model, held = BandModel((spec,), (output,), weights), features.source("validation").batch()
    loss = Pinball(LEVELS)(held[TARGET], model.predict(held)["quantiles"], held.get(WEIGHT))
    context.record(metrics := {"validation.pinball": loss})
    return replace(model, metrics=metrics)


def least_squares(rows, target, weight):
    import numpy as np

    root = np.sqrt(weight.astype(np.float64))
    return np.linalg.lstsq(rows * root[:, None], target * root, rcond=None)[0]


@dataclass(frozen=True)
class Bands(Stage):
    """Least squares for the middle, and for the absolute errors around it."""

    def run(self, context: Context, features: Features) -> BandModel:
        import numpy as np

        def errors(rows, target, weight):
            middle = least_squares(rows, target, weight)
            return least_squares(rows, np.abs(target - rows @ middle), weight)

        return finish(context, features, least_squares, errors)


@dataclass(frozen=True)
class Constant(Stage):
    """The quantiles of the target, whatever the row."""

    def run(self, context: Context, features: Features) -> BandModel:
        import numpy as np

        def zeros(rows, target, weight):
            return np.zeros(rows.shape[1])

        def one(rows, target, weight):
            return np.eye(rows.shape[1])[-1]

        return finish(context, features, zeros, one)


def headway_register(registry):
    registry.add("model", "bands", Bands)
    registry.add("model", "constant", Constant)
    registry.add("artifact", BandModel.type_name, BandModel)
