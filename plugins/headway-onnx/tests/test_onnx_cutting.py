"""Graphs cut in two: distinct strings are encoded once, and no bit changes."""

import threading
from dataclasses import replace

import numpy as np
import onnx
import pytest
from headway.contracts import MISSING, Strings, conform, feeds, run_chunked
from headway.errors import DataError
from headway.testing import tiny_table
from headway_onnx.cutting import cut
from headway_onnx.graphs import as_graph, label_encoders, merge
from headway_onnx.runtime import OnnxRuntime, open_session
from hypothesis import given
from hypothesis import strategies as st

HEADER = '<ir_version: 10, opset_import: ["" : 20, "ai.onnx.ml" : 3]>\n'
TAIL = (
    "g (int64[batch] one, int64[batch] two, double[batch] x) => (double[batch] y, int64[batch] z) "
    "{ a = Cast<to: int = 11>(one) b = Mul(a, x) c = Cast<to: int = 11>(two) y = Add(b, c) z = Sub(two, one) }"
)
ENCODE = 'ai.onnx.ml.LabelEncoder<keys_strings: strings = ["a", "b"], values_int64s: ints = [0, 1]>'
WORDS = ["a", "b", "never seen", MISSING, ""]


def two_words():
    encoders = label_encoders({"first": ["a", "b"], "second": ["b", MISSING, "a"]})
    return as_graph(
        merge(encoders, onnx.parser.parse_model(HEADER + TAIL), {"one": "code/first", "two": "code/second"})
    )


@pytest.fixture(scope="module")
def runtime():
    return OnnxRuntime.load(two_words().files)


def strings(words, distinct=None):
    distinct = sorted(set(words)) if distinct is None else distinct
    codes = np.array([distinct.index(word) for word in words], dtype=np.uint32)
    return Strings(np.array(distinct, dtype=object), codes)


def objects(words):
    return np.array(words, dtype=object)


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS), st.floats()), max_size=9), st.booleans())
def test_distinct_strings_give_the_bits_of_single_ones(runtime, rows, both):
    first, second, x = [row[0] for row in rows], [row[1] for row in rows], np.array([row[2] for row in rows])
    expected = runtime.run({"first": objects(first), "second": objects(second), "x": x})
    # Also with values that no row has, and with more values than rows.
    other = strings(second, WORDS) if both else objects(second)
    found = runtime.run({"first": strings(first), "second": other, "x": x})
    for name, array in expected.items():
        assert (found[name].dtype, found[name].tobytes()) == (array.dtype, array.tobytes())


def test_real_features_give_the_same_bits_both_ways(features, data):
    runtime = OnnxRuntime.load(features.graph.files)
    rows = feeds(conform(tiny_table(40_000, seed=3), features.columns), features.columns)
    assert isinstance(rows["work"], Strings)
    found = run_chunked(runtime, rows)
    expected = run_chunked(runtime, {name: np.asarray(feed) for name, feed in rows.items()})
    for name, array in expected.items():
        assert found[name].tobytes() == array.tobytes()


class Recording:
    """A session that keeps what it was given."""

    def __init__(self, session):
        self.session, self.given = session, []

    def run(self, names, feeds):
        self.given.append({name: feed.tolist() for name, feed in feeds.items()})
        return self.session.run(names, feeds)


def test_each_value_is_looked_up_once_unless_there_are_fewer_rows():
    made = cut(two_words().files["model.onnx"], open_session)
    recording = Recording(made.encoders)
    many, few = strings(["a", "b"] * 500), strings(["a", "b"], WORDS)
    replace(made, encoders=recording).run({"first": many, "second": many, "x": np.zeros(1000)})
    replace(made, encoders=recording).run({"first": few, "second": objects(["b", "b"]), "x": np.zeros(2)})
    assert recording.given == [
        {"first": ["a", "b"]} | {"second": ["a", "b"]},
        {"first": ["a", "b"], "second": ["b", "b"]},
    ]


@pytest.mark.parametrize(
    ("outputs", "nodes", "kept"),
    [
        ("int64[batch] y", f"c = {ENCODE}(s) y = Neg(c)", []),
        ("int64[batch] y, int64[batch] z", f"c = {ENCODE}(s) d = {ENCODE}(s) y = Neg(c) z = Neg(d)", []),
        ("int64[batch] y, string[batch] z", f"c = {ENCODE}(s) y = Neg(c) z = Identity(s)", ["s"]),
        ("int64[batch] y", f"y = {ENCODE}(s)", ["s"]),
        ("int64[batch] y", f"t = Identity(s) c = {ENCODE}(t) y = Neg(c)", ["s"]),
    ],
    ids=["encoded", "encoded twice", "also handed on", "its codes are an output", "not encoded at once"],
)
def test_only_strings_that_encoders_alone_read_are_cut_off(outputs, nodes, kept):
    made = as_graph(onnx.parser.parse_model(f"{HEADER}g (string[batch] s) => ({outputs}) {{ {nodes} }}"))
    parts = cut(made.files["model.onnx"], open_session)
    assert [value.name for value in parts.rest.get_inputs() if value.name == "s"] == kept
    runtime, words = OnnxRuntime.load(made.files), ["a", "b", "c", "a"]
    expected, found = runtime.run({"s": objects(words)}), runtime.run({"s": strings(words)})
    assert {n: a.tolist() for n, a in found.items()} == {n: a.tolist() for n, a in expected.items()}


def test_single_rows_do_not_open_the_parts():
    runtime = OnnxRuntime.load(two_words().files)
    runtime.run({"first": objects(["a"]), "second": objects(["b"]), "x": np.zeros(1)})
    assert "_cut" not in vars(runtime)


def test_values_that_are_no_strings_and_numbers_given_as_strings_are_named(runtime):
    wrong = Strings(np.array(["a", None], dtype=object), np.zeros(3, np.uint8))
    good = objects(["a"] * 3)
    with pytest.raises(DataError, match=r"'first' holds 1 value.*no str, first at 1"):
        runtime.run({"first": wrong, "second": good, "x": np.zeros(3)})
    with pytest.raises(DataError, match="'x' must be float64, it is object"):
        runtime.run({"first": good, "second": good, "x": strings(["a"] * 3)})


def test_threads_may_open_the_parts_at_once():
    runtime, found = OnnxRuntime.load(two_words().files), []

    def work(word):
        rows = {"first": strings([word] * 100), "second": strings([word] * 100), "x": np.ones(100)}
        found.append((word, {runtime.run(rows)["z"].tolist()[99] for _ in range(20)}))

    workers = [threading.Thread(target=work, args=(word,)) for word in ("a", "b") * 2]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(found) == [("a", {2}), ("a", {2}), ("b", {-1}), ("b", {-1})]
