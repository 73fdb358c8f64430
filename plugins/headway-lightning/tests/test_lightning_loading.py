"""Batches: every row once, in the order that was asked for."""

import torch
from headway_lightning.loading import BLOCK, Blocks
from headway_lightning.rows import Held
from hypothesis import given
from hypothesis import strategies as st


def blocks_of(rows, size, **more):
    return Blocks(Held((torch.arange(rows), torch.arange(rows).float() * 10)), size, **more)


def batches_of(blocks):
    return [batch for block in blocks for batch in block]


@given(rows=st.integers(1, 400), size=st.integers(1, 40))
def test_every_row_comes_once_and_in_order(rows, size):
    batches = batches_of(blocks_of(rows, size))
    assert torch.cat([batch[0] for batch in batches]).tolist() == list(range(rows))
    assert all(torch.equal(batch[1], batch[0] * 10.0) for batch in batches)


@given(rows=st.integers(1, 400), size=st.integers(2, 40))
def test_no_batch_is_of_one_row_unless_there_is_only_one(rows, size):
    sizes = [len(batch[0]) for batch in batches_of(blocks_of(rows, size))]
    assert min(sizes) > 1 or rows == 1
    assert max(sizes) <= size + 1
    assert set(sizes[:-1]) <= {size}


@given(rows=st.integers(1, 400), size=st.integers(1, 3))
def test_all_blocks_but_the_last_are_full(rows, size):
    blocks = blocks_of(rows, size)
    lengths = [len(block) for block in blocks]
    assert len(lengths) == len(blocks)
    assert set(lengths[:-1]) <= {BLOCK}
    assert 1 <= lengths[-1] <= BLOCK


@given(seed=st.integers(0, 99), rows=st.integers(1, 400))
def test_the_order_is_asked_for_once_an_epoch(seed, rows):
    orders = [torch.randperm(rows, generator=torch.Generator().manual_seed(seed + i)) for i in range(2)]
    asked = iter(orders)
    blocks = blocks_of(rows, 3, order=lambda: next(asked))
    for order in orders:
        assert torch.cat([batch[0] for batch in batches_of(blocks)]).tolist() == order.tolist()


def test_batches_are_numbered_across_blocks():
    seen = []

    def change(number, batch):
        seen.append(number)
        return batch

    count = BLOCK * 2 + 3
    assert len(batches_of(blocks_of(2 * count, 2, change=change))) == count
    assert seen == list(range(count))


def test_batches_are_put_where_they_are_wanted():
    first, *_ = batches_of(blocks_of(10, 4, device=lambda: torch.device("meta")))
    assert {tensor.device.type for tensor in first} == {"meta"}
