"""Features made by hand, small enough to train on in a second."""

import numpy as np
import pytest
from headway.contracts import TARGET, WEIGHT, ArraySpec, Features, Graph, Recipe, Source, Target
from headway.plugins import Registry, load
from headway.testing import make_context

NUMERIC = ArraySpec("numeric", "float32", (3,), ("a", "b", "c"))
CATEGORICAL = ArraySpec("categorical", "int64", (2,), ("d", "e"), (3, 5))
BINARY = Target("income", "classification", ("<=50K", ">50K"))
THREE = Target("kind", "classification", ("x", "y", "z"))
VALUE = Target("spending", "regression")
LABELS = Target("rain, wind", "multilabel", ("rain", "wind"))
SPLITS = {"train": 600, "validation": 200, "test": 200}


def _targets(target, score):
    if target.task == "multilabel":
        return np.stack([score > 0, score > 1.5], axis=1).astype(np.float32)
    if target.classes is None:
        return (1000 + 30 * score).astype(np.float32)
    if len(target.classes) == 2:
        return (score > 0).astype(np.int64)
    return np.digitize(score, [-1, 1]).astype(np.int64)


def make_features(target=BINARY, arrays=(NUMERIC, CATEGORICAL), *, noise=0.0, weight=None, splits=SPLITS, **more):
    """Features whose target depends on the first number and the first code.

    Args:
        target: What is predicted.
        arrays: Which of the two arrays there are, in which order.
        noise: Scale of what cannot be learnt.
        weight: (generator, rows) → weights.
        splits: Rows of each split.
        more: Further arguments of `Features`.
    """
    random = np.random.default_rng(1)
    sources = {}
    for split, rows in splits.items():
        numeric = random.normal(size=(rows, 3)).astype(np.float32)
        codes = random.integers(0, (3, 4), (rows, 2))  # the last code of the second, unseen, never occurs
        score = 2 * numeric[:, 0] + 2 * (codes[:, 0] - 1) + noise * random.logistic(size=rows)
        given = {"numeric": numeric, "categorical": codes.astype(np.int64)}
        kept = {spec.name: given[spec.name] for spec in arrays} | {TARGET: _targets(target, score)}
        if weight is not None:
            kept[WEIGHT] = weight(random, rows).astype(np.float32)
        sources[split] = Source(kept, rows)
    return Features((), Recipe(), Graph("onnx", {}), tuple(arrays), target, sources, **more)


def registry_with(*models, kind="model"):
    """All installed plugins, and classes registered under their lower-case names."""
    registry = Registry()
    for entry in load().registry:
        registry.add(entry.kind, entry.name, entry.target)
    for model in models:
        registry.add(kind, model.__name__.lower(), model)
    return registry


@pytest.fixture
def context(tmp_path, registry, recorder):
    """A context whose work folder is kept within a test."""
    return make_context(tmp_path / "work", registry, name="model", recorder=recorder)


@pytest.fixture(scope="session")
def hand():
    """The helpers above, for tests in other files."""

    class Hand:
        features = staticmethod(make_features)
        registry = staticmethod(registry_with)
        numeric, categorical = NUMERIC, CATEGORICAL
        binary, three, value, labels = BINARY, THREE, VALUE, LABELS

    return Hand
