import json
from dataclasses import replace

import numpy as np
import onnx.parser
import pytest
from headway.contracts import ArrayModel, Predictor, canonical_json, run_chunked
from headway_onnx import cutting, parity
from headway_onnx.export import _merged
from headway_onnx.graphs import as_graph
from headway_onnx.subject import MAGNITUDE, Subject


@pytest.fixture
def subject(data, features, model, registry):
    predictor = Predictor(features.columns, features.recipe, model.outputs, as_graph(_merged(features, model)))
    return Subject(data, features, predictor, registry, model)


def test_the_evidence_is_json(subject):
    evidence = parity.check(subject, parity.Tolerance(1e-6, 1e-5))
    assert json.loads(canonical_json(evidence)) == evidence


def test_only_generated_rows_of_ordinary_size_are_held_to_the_framework(subject):
    every = subject.generated["gain"]
    ordinary = run_chunked(subject.transform, subject.ordinary)["numeric"]
    assert 0 < len(ordinary) < len(every)
    real = max(np.abs(source.batch()["numeric"]).max() for source in subject.features.sources.values())
    assert np.abs(ordinary).max() <= max(MAGNITUDE, real)


def test_rows_too_large_for_the_largest_batch_get_a_smaller_one(subject, monkeypatch):
    row = sum(array[:1].nbytes for array in subject.fitted.values())
    monkeypatch.setattr(parity, "MEMORY", 200 * row)
    evidence = parity.check(subject, parity.Tolerance(1e-6, 1e-5))
    assert evidence["batch_sizes"] == [*parity.SIZES[:-1], 200]
    monkeypatch.setattr(parity, "MEMORY", 1)
    assert parity._sizes(subject)[-1] == 130


def test_every_size_is_run_on_whole_batches_of_spread_rows(subject):
    for size in parity.SIZES[:-1]:
        sample = parity._sample(1000, size)
        assert len(sample) % size == 0
        assert len(sample) >= parity.SAMPLE
        assert sample[0] == 0
        assert sample[-1] > 1000 - 1000 / len(sample) - 1
    assert len(parity._sample(3, 8)) == 8


@pytest.mark.parametrize(
    ("array", "wrong", "worst"),
    [
        ([[0.5, 0.5], [0.9, 0.1]], 0, None),
        ([[0.5, 0.5], [0.9, 0.2]], 1, 1),
        ([[1.5, -0.5], [0.9, 0.1]], 1, 0),
        ([[0.5, 0.5], [np.nan, 0.1]], 1, 1),
        ([[np.inf, 0.5], [0.5, 0.5]], 1, 0),
        (np.zeros((0, 2)), 0, None),
    ],
)
def test_probabilities_are_finite_not_negative_and_sum_to_one(subject, array, wrong, worst):
    result = parity._sound("rows", subject.outputs[0], np.array(array, dtype=np.float32))
    assert (result.passed, result.unequal) == (not wrong, wrong)
    assert worst is None or result.worst == worst


class Codes(ArrayModel):
    """Softmax of the codes."""

    type_name = "codes_model"

    def predict(self, batch):
        shares = np.exp(batch["categorical"].astype(np.float64))
        return {"probability": (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)}

    def export(self):
        inner = "{ c = Cast<to: int = 1>(categorical) probability = Softmax<axis: int = -1>(c) }"
        head = '<ir_version: 10, opset_import: ["": 20]> g (int64[batch,2] categorical) => (float[batch,2] probability)'
        return as_graph(onnx.parser.parse_model(head + inner))


@pytest.fixture
def of_codes(subject, features):
    model = Codes(features.arrays[1:], subject.outputs, {})
    return replace(subject, model=model, predictor=replace(subject.predictor, graph=as_graph(_merged(features, model))))


def test_strings_that_come_as_distinct_values_are_held_to_those_that_come_alone(of_codes, monkeypatch):
    assert parity.check(of_codes, parity.Tolerance(1e-6, 1e-5))["passed"]
    monkeypatch.setattr(cutting, "_gathered", lambda table, codes: table if codes is None else table[codes][::-1])
    with pytest.raises(parity.ParityError, match="batches, real rows in batches of 1:"):
        parity.check(of_codes, parity.Tolerance(1e-6, 1e-5))
