import os
import threading

import numpy as np
import onnx
import pytest
from headway.contracts import Runtime
from headway.errors import DataError
from headway.plugins import load
from headway_onnx.graphs import as_graph, label_encoders
from headway_onnx.protos import GraphError
from headway_onnx.runtime import OnnxRuntime, threads

HEADER = '<ir_version: 10, opset_import: ["" : 20]>\n'


def opened(text):
    return OnnxRuntime.load(as_graph(onnx.parser.parse_model(HEADER + text)).files)


@pytest.fixture(scope="module")
def pair():
    return opened("g (double[batch] first, float[batch,2] second) => (float[batch,2] y) { y = Neg(second) }")


FIRST, SECOND = np.zeros(3), np.ones((3, 2), dtype=np.float32)


def test_it_is_registered_as_the_runtime_onnx():
    assert load().registry.get("runtime", "onnx") is OnnxRuntime
    assert issubclass(OnnxRuntime, Runtime)


def test_it_runs(pair):
    np.testing.assert_array_equal(pair.run({"first": FIRST, "second": SECOND})["y"], -SECOND)
    assert [feed.name for feed in pair.inputs] == ["first", "second"]


def test_no_rows_are_rows_too(pair):
    assert pair.run({"first": FIRST[:0], "second": SECOND[:0]})["y"].shape == (0, 2)


@pytest.mark.parametrize(
    ("feeds", "told"),
    [
        ({"first": FIRST}, "input 'second' is missing"),
        ({"first": FIRST.astype(np.float32), "second": SECOND}, "'first' must be float64, it is float32"),
        ({"first": FIRST, "second": SECOND.astype(np.float64)}, "'second' must be float32, it is float64"),
        ({"first": FIRST, "second": SECOND[:, :1]}, r"must have shape \(None, 2\), it has \(3, 1\)"),
        ({"first": FIRST[:, None], "second": SECOND}, r"'first' must have shape \(None,\)"),
        ({"first": FIRST, "second": SECOND[:2]}, "different numbers of rows"),
        ({"first": FIRST, "second": SECOND, "firts": FIRST}, "no input 'firts'; did you mean 'first'"),
    ],
)
def test_inputs_that_do_not_fit_are_named(pair, feeds, told):
    with pytest.raises(DataError, match=told) as caught:
        pair.run(feeds)
    assert caught.value.code == "graph-input"


def test_all_faults_are_told_at_once(pair):
    with pytest.raises(DataError, match=r"'other'.*'first' must be float64.*'second' is missing"):
        pair.run({"first": FIRST.astype(int), "other": FIRST})


@pytest.mark.parametrize("value", [None, 1.5, b"bytes"])
def test_strings_are_strings(value):
    runtime = OnnxRuntime.load(as_graph(label_encoders({"c": ["a"]})).files)
    with pytest.raises(DataError, match=r"1 value.*no str, first at 1"):
        runtime.run({"c": np.array(["a", value], dtype=object)})


def test_a_look_up_beyond_its_table_is_an_error_not_a_crash():
    runtime = opened("g (int64[batch] i) => (float[batch] y) <float[2] t = {1.0, 2.0}> { y = Gather(t, i) }")
    with pytest.raises(GraphError, match="cannot run the graph"):
        runtime.run({"i": np.array([5])})


@pytest.mark.parametrize("files", [{}, {"model.onnx": b"", "weights.bin": b""}, {"other.onnx": b""}])
def test_a_graph_is_one_file(files):
    with pytest.raises(GraphError, match=r"one file model\.onnx"):
        OnnxRuntime.load(files)


def test_content_is_checked_before_onnxruntime_sees_it(monkeypatch):
    monkeypatch.setattr("headway_onnx.runtime.open_session", lambda content: pytest.fail("it was opened"))
    with pytest.raises(GraphError):
        OnnxRuntime.load({"model.onnx": b""})


def test_threads_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("HEADWAY_THREADS", "3")
    assert threads() == 3
    monkeypatch.delenv("HEADWAY_THREADS")
    assert 1 <= threads() <= min(4, os.cpu_count())


@pytest.mark.parametrize("value", ["0", "-1", "two", ""])
def test_threads_that_are_no_number_are_an_error(monkeypatch, value):
    monkeypatch.setenv("HEADWAY_THREADS", value)
    with pytest.raises(DataError, match="not a positive number"):
        threads()


def test_threads_may_share_it(pair):
    wrong = []

    def work(number):
        rows = np.full((100, 2), number, dtype=np.float32)
        for _ in range(50):
            if not (pair.run({"first": np.zeros(100), "second": rows})["y"] == -number).all():
                wrong.append(number)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []
