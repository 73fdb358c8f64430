import pytest
import torch
from headway_lightning.dropout import Dropout


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(5)


@pytest.mark.parametrize("share", [0.003, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_share_is_silenced_and_the_rest_scaled_so_that_the_mean_stays(share, dtype):
    given = Dropout(share)(torch.ones(1001, 1003, dtype=dtype))
    assert given.dtype == dtype
    silenced = (given == 0).double().mean()
    assert float(silenced) == pytest.approx(share, abs=5 * (share * (1 - share) / 1001 / 1003) ** 0.5 + 2**-17)
    left = given[given != 0].double()
    assert float(left.min()) == float(left.max()) == pytest.approx(1 / (1 - share), rel=2**-8 if share < 0.9 else 0.01)


def test_units_are_silenced_independently_of_their_neighbours():
    silenced = (Dropout(0.3)(torch.ones(400_000)) == 0).double()
    for apart in (1, 2, 3, 4, 8):  # four units are of one number
        both = float((silenced[apart:] * silenced[:-apart]).mean())
        assert both == pytest.approx(0.09, abs=5 * (0.09 * 0.91 / 400_000) ** 0.5)


def test_gradients_pass_where_units_do():
    given = torch.ones(7, 5, requires_grad=True)
    kept = Dropout(0.4)(given)
    kept.sum().backward()
    torch.testing.assert_close(given.grad, kept.detach())
    assert 0 < int((kept == 0).sum()) < 35


def test_equal_seeds_silence_the_same_units():
    drawn = []
    for _ in range(2):
        torch.manual_seed(9)
        drawn.append(Dropout(0.5)(torch.ones(33)))
    torch.testing.assert_close(*drawn)
    assert not torch.equal(drawn[0], Dropout(0.5)(torch.ones(33)))


@pytest.mark.parametrize("layer", [Dropout(0.0), Dropout(1e-9), Dropout(0.5).eval()])
def test_nothing_is_silenced_where_nothing_is_to_be(layer):
    given = torch.randn(50)
    assert torch.equal(layer(given), given)


def test_no_rows_are_no_fault():
    assert Dropout(0.5)(torch.ones(0, 3)).shape == (0, 3)
