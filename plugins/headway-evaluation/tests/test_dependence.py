import numpy as np
import pytest
from headway_evaluation.dependence import block_length


def autoregressive(share, rows, seed):
    """Each value a share of the one before, plus noise."""
    noise = np.random.default_rng(seed).normal(size=rows + 200)
    series = np.zeros(rows + 200)
    for at in range(1, rows + 200):
        series[at] = share * series[at - 1] + noise[at]
    return series[200:]


@pytest.mark.parametrize(
    ("share", "rows", "seed", "length"),
    [
        (0.0, 9000, 0, 0.15), (0.0, 1000, 1, 1.67), (0.3, 1000, 0, 8.57), (0.5, 100, 2, 4.99), (0.5, 9000, 1, 27.76),
        (0.9, 1000, 0, 40.13), (0.9, 9000, 2, 92.74), (0.97, 1000, 2, 57.19), (0.97, 9000, 1, 215.60),
    ],
)  # fmt: skip
def test_lengths_are_those_of_another_implementation(share, rows, seed, length):
    """Of `arch.bootstrap.optimal_block_length` (arch 8.0.0), circular."""
    assert block_length({"model": autoregressive(share, rows, seed)}) == max(1, round(length))


def test_the_model_that_depends_most_decides():
    noise, series = autoregressive(0, 1000, 1), autoregressive(0.9, 1000, 0)
    assert block_length({"model": noise, "linear": series}) >= 40
    assert block_length({"linear": series, "model": noise}) == block_length({"model": noise, "linear": series})


def test_so_does_the_difference_of_two_models():
    """Noise that both have hides how their difference goes on and on."""
    noise, slow = 10 * autoregressive(0, 1000, 1), autoregressive(0.9, 1000, 0)
    each = [block_length({"model": errors}) for errors in (noise, noise + slow)]
    assert max(each) < 40 <= block_length({"model": noise, "linear": noise + slow})


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 30, 999])
def test_constant_and_short_series_have_no_blocks_or_short_ones(rows):
    assert block_length({"model": np.full(rows, 0.1)}) == 1  # whose mean may not be 0.1
    assert 1 <= block_length({"model": np.arange(rows), "linear": np.arange(rows) % 2}) <= max(1, rows // 3 + 1)
