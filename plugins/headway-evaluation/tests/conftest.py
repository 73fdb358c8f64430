"""Fixtures on a toy runtime, so that evaluation is tested without any other plugin."""

import sys
from pathlib import Path

import pytest
from headway.contracts import Dataset, Schema, Target
from headway.testing import make_context as context_of
from headway.testing import tiny_dataset

sys.path.append(str(Path(__file__).parent))  # importlib mode does not add it

from toy_predictors import CONSTANT, EVIDENCE, GOOD, WEAKER, YES, Registry, predictor_of


@pytest.fixture(scope="session")
def names():
    return Registry()


@pytest.fixture(scope="session")
def dataset():
    return tiny_dataset(4000)


@pytest.fixture(scope="session")
def good(dataset):
    return predictor_of(dataset.schema, GOOD, EVIDENCE)


@pytest.fixture(scope="session")
def weaker(dataset):
    return predictor_of(dataset.schema, WEAKER)


@pytest.fixture(scope="session")
def constant(dataset):
    return predictor_of(dataset.schema, CONSTANT)


@pytest.fixture
def context(tmp_path, names, recorder):
    return context_of(tmp_path / "work", names, name="evaluation", recorder=recorder)


@pytest.fixture(scope="session")
def three_classes():
    """Education as the target, and a predictor of it."""
    data = tiny_dataset(600)
    classes = ("bachelor", "college", "master", "school")
    schema = Schema(data.schema.columns, (Target("education", "classification", classes),))
    weights = {"bias": [0.5, 0, 0, 0], "strings": {"income": {YES: [0.6, -0.2, 1.0, -1.0]}}}
    return Dataset(schema, data.splits), predictor_of(schema, weights, classes=classes)


@pytest.fixture(scope="session")
def spending():
    """A number as the target: about 9.8, and 0.15 more an hour."""
    return tiny_dataset(4000, task="regression")
