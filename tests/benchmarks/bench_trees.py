"""Large LightGBM models: rows through a cacheful of trees at a time, to each row through all of them."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from headway.contracts import TARGET, ArraySpec, Features, Graph, Recipe, Source, Target
from headway.plugins import load
from headway.testing import make_context
from headway_sklearn import light_trees
from headway_sklearn.light import LightGBM

from tests.benchmarks.ratio import Ratio, compare

STAGE = LightGBM(max_iter=400, num_leaves=512, learning_rate=0.02, min_data_in_leaf=5, early_stopping=None)
ROWS, COLUMNS, SCORED = 40_000, 20, 5_000


def measure() -> Iterator[Ratio]:
    """Scores of rows by 400 trees of 512 leaves."""
    random = np.random.default_rng(0)
    numeric = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    target = (numeric[:, 0] * numeric[:, 1] + random.normal(size=ROWS) > 0).astype(np.int64)
    arrays = (ArraySpec("numeric", "float32", (COLUMNS,)),)
    known = Target("sign", "classification", ("-", "+"))
    sources = {"train": Source({"numeric": numeric, TARGET: target}, ROWS)}
    features = Features((), Recipe(), Graph("onnx", {}), arrays, known, sources)
    with tempfile.TemporaryDirectory() as folder:
        model = STAGE.run(make_context(Path(folder), load().registry), features)
    batch = {"numeric": numeric[:SCORED]}

    def scoring(cached: int) -> Callable[[], None]:
        def score() -> None:
            light_trees.CACHED = cached
            light_trees.scores(model, batch)

        return score

    ours = light_trees.CACHED
    name = "LightGBM's trees a cacheful at a time, to all at once"
    yield compare(name, scoring(ours), scoring(sys.maxsize), budget=1.0, rounds=5)
    light_trees.CACHED = ours
