import numpy as np
import pytest
from headway.contracts import MISSING
from headway_onnx.graphs import GraphError, as_graph, code_name, label_encoders
from headway_onnx.runtime import OnnxRuntime
from hypothesis import given, settings
from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


def codes(categories, values):
    runtime = OnnxRuntime.load(as_graph(label_encoders({"c": categories})).files)
    return runtime.run({"c": np.array(values, dtype=object)})[code_name("c")]


@settings(max_examples=40)
@given(st.lists(TEXT, unique=True, max_size=6), st.lists(TEXT, min_size=1, max_size=6))
def test_codes_are_positions_and_everything_else_is_unseen(categories, others):
    values = [*categories, *others, MISSING]
    expected = [categories.index(value) if value in categories else len(categories) for value in values]
    np.testing.assert_array_equal(codes(categories, values), np.array(expected, dtype=np.int64))


def test_missing_has_a_code_of_its_own_where_it_is_listed():
    assert codes(["a", MISSING], ["a", MISSING, "b"]).tolist() == [0, 1, 2]


def test_without_categories_every_string_is_unseen():
    assert codes([], ["", "a", MISSING]).tolist() == [0, 0, 0]


def test_columns_keep_their_order_and_their_names_of_any_text():
    graph = label_encoders({"native country": ["a"], "ünïcode/2": ["b"]}).graph
    assert [value.name for value in graph.input] == ["native country", "ünïcode/2"]
    assert [value.name for value in graph.output] == ["code/native country", "code/ünïcode/2"]


def test_a_category_given_twice_is_an_error():
    with pytest.raises(GraphError, match="column 'c' lists 'b' twice"):
        label_encoders({"c": ["a", "b", "b"]})


def test_no_columns_are_an_error():
    with pytest.raises(GraphError, match="no columns"):
        label_encoders({})
