import numpy as np
import pytest
from headway.contracts import CHUNK, Chain, Runtime, run_chunked


class _Doubler(Runtime):
    seen: list

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        assert len(feeds["x"]) <= CHUNK
        return {"y": feeds["x"] * 2}


@pytest.mark.parametrize("rows", [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_chunks_are_joined_in_order(rows):
    x = np.arange(rows)
    np.testing.assert_array_equal(run_chunked(_Doubler(), {"x": x})["y"], x * 2)


class _Hungry(_Doubler):
    """Takes three hundred rows at a time."""

    chunk = 300

    def run(self, feeds):
        assert len(feeds["x"]) <= 300
        return super().run(feeds)


@pytest.mark.parametrize("rows", [1, 256, 257, 300, 301, 1001])
def test_a_runtime_that_needs_much_memory_is_given_fewer_rows_at_a_time(rows):
    x = np.arange(rows)
    np.testing.assert_array_equal(run_chunked(_Hungry(), {"x": x})["y"], x * 2)


def test_a_chain_is_given_as_few_rows_as_its_hungriest_part():
    assert Chain(((_Doubler(), None), (_Hungry(), None))).chunk == 300
