import numpy as np
import pytest
from headway.contracts import CHUNK, Runtime, run_chunked


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
