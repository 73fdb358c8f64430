import json

import pytest
from headway.contracts import Column, Target, canonical_json, digest_of
from hypothesis import given
from hypothesis import strategies as st

AGE = Column("age", "integer", "Int64")


def test_json_is_canonical_and_refuses_nan():
    assert canonical_json({"b": (1, 2), "a": AGE}) == canonical_json({"a": AGE, "b": [1, 2]})
    assert json.loads(canonical_json(Target("y", "classification", ("a",))))["classes"] == ["a"]
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_digests_keep_parts_apart(first, second):
    assert (digest_of(*first) == digest_of(*second)) == (first == second)
