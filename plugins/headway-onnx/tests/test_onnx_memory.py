"""How many rows a graph is given at a time."""

import numpy as np
import pytest
from headway.contracts import CHUNK, FEW, run_chunked
from headway_onnx.graphs import to_bytes
from headway_onnx.memory import rows_at_a_time
from headway_onnx.runtime import OnnxRuntime


@pytest.fixture
def wide(proto):
    """A graph whose rows need so many float32 on the way to one."""

    def make(width):
        return to_bytes(
            proto(
                f"""g (float[batch,1] x) => (float[batch] y) {{
                    shape = Constant <value_ints: ints = [1, {width}]> ();
                    wide = Expand(x, shape);
                    axis = Constant <value_ints: ints = [1]> ();
                    y = ReduceMax <keepdims: int = 0> (wide, axis);
                }}"""
            )
        )

    return make


@pytest.mark.parametrize(
    ("width", "rows"), [(8, CHUNK), (1024, CHUNK), (1025, CHUNK // 2), (2**15, 512), (2**16, FEW), (2**20, FEW)]
)
def test_the_more_memory_a_row_needs_the_fewer_they_are(wide, width, rows):
    assert rows_at_a_time(wide(width)) == rows


def test_many_rows_are_run_by_chunks_of_that_size(wide, monkeypatch):
    runtime, seen, run = OnnxRuntime.load({"model.onnx": wide(2**15)}), [], OnnxRuntime.run

    def recorded(self, feeds):
        seen.append(len(feeds["x"]))
        return run(self, feeds)

    monkeypatch.setattr(OnnxRuntime, "run", recorded)
    x = np.arange(1200, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(run_chunked(runtime, {"x": x})["y"], x[:, 0])
    assert seen == [512, 512, 176]
