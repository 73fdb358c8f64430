"""The suites of features, models and predictors catch what breaks their promises."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from headway.contracts import ArraySpec, Features, Graph, Output, Predictor, Recipe, Runtime, Source
from headway.testing import FeaturesSuite, PredictorSuite, tiny_dataset
from headway.testing.graphs import check_output

from tests.unit.testing.conftest import Names


@dataclass(frozen=True)
class Centred(Runtime):
    """A graph whose answer depends on the batch, as a forgotten training mode would make it."""

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        ages = feeds["age"] - feeds["age"].mean()
        high = (1 / (1 + np.exp(-ages))).astype(np.float32)
        return {"probability": np.stack([1 - high, high], axis=1)}


def test_a_prediction_that_depends_on_its_batch_is_caught():
    schema = tiny_dataset(50).schema
    outputs = (Output("probability", "probability", classes=("a", "b")),)
    predictor = Predictor((schema.column("age"),), Recipe(), outputs, Graph("Centred", {}))
    suite, rows, names = PredictorSuite(), tiny_dataset(50).split("train").collect(), Names(Centred)
    suite.test_scores_are_what_the_outputs_promise(predictor, rows, names)
    with pytest.raises(AssertionError):
        suite.test_a_row_is_scored_alike_alone_and_among_others(predictor, rows, names)


@dataclass(frozen=True)
class Ahead(Runtime):
    """A forecast that is read off the rows that follow, as a window with a wrong sign would do it."""

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        following = np.append(feeds["age"][1:, -1], 0.0)
        return {"value": following.astype(np.float32)}


def test_a_prediction_that_sees_later_rows_is_caught():
    columns = (dataclasses.replace(tiny_dataset(50).schema.column("age"), history=2),)
    predictor = Predictor(columns, Recipe(), (Output("value", "value"),), Graph("Ahead", {}))
    suite, rows, names = PredictorSuite(), tiny_dataset(50).split("train").collect(), Names(Ahead)
    suite.test_scores_are_what_the_outputs_promise(predictor, rows, names)
    with pytest.raises(AssertionError):
        suite.test_no_later_row_decides_a_prediction(predictor, rows, names)


@dataclass(frozen=True)
class Pair(Runtime):
    """Age and twice the age."""

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        return {"pair": np.stack([feeds["age"], 2 * feeds["age"]], axis=1).astype(np.float32)}


def test_training_values_fitted_out_of_fold_may_differ_from_the_graph_and_no_others():
    data, names = tiny_dataset(50), Names(Pair)
    frames = {name: frame.collect() for name, frame in data.splits.items()}
    arrays = {name: Pair().run({"age": frame["age"].to_numpy()}) for name, frame in frames.items()}
    arrays["train"]["pair"][:, 1] += 1
    sources = {name: Source(given, len(frames[name])) for name, given in arrays.items()}
    age, spec = (data.schema.column("age"),), ArraySpec("pair", "float32", (2,))
    plain = Features(age, Recipe(), Graph("Pair", {}), (spec,), data.schema.target, sources)
    exempt = dataclasses.replace(plain, arrays=(dataclasses.replace(spec, out_of_fold=(1,)),))
    suite = FeaturesSuite()
    suite.test_the_graph_gives_the_sources_bit_for_bit(exempt, data, names)
    with pytest.raises(AssertionError, match="train"):
        suite.test_the_graph_gives_the_sources_bit_for_bit(plain, data, names)
    arrays["test"]["pair"][:, 1] += 1
    with pytest.raises(AssertionError, match="test"):
        suite.test_the_graph_gives_the_sources_bit_for_bit(exempt, data, names)


def test_quantiles_that_cross_are_caught():
    output = Output("q", "quantile", levels=(0.1, 0.9))
    check_output(np.float32([[1, 2], [2, 2]]), output, 2)
    with pytest.raises(AssertionError, match="cross"):
        check_output(np.float32([[1, 2], [2, 1]]), output, 2)
    with pytest.raises(AssertionError):
        check_output(np.float32([[1, 2]]), dataclasses.replace(output, levels=(0.9, 0.1)), 1)
