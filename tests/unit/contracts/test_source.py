import numpy as np
from headway.contracts import Source, View


def test_a_source_gives_batches_and_windows():
    base = np.arange(10.0)
    source = Source(
        {"series": base, "start": np.array([3, 5]), "target": np.array([0, 1])},
        2,
        {"window": View("series", "start", (-2, -1, 0))},
    )
    assert len(source) == 2
    assert set(source.names) == {"target", "window"}
    np.testing.assert_array_equal(source.batch()["window"], [[1, 2, 3], [3, 4, 5]])
    np.testing.assert_array_equal(source.batch([1])["window"], [[3, 4, 5]])
    np.testing.assert_array_equal(source.batch(slice(0, 1))["target"], [0])
