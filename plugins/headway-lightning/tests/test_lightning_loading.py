"""Batches: every row once, in the order that was asked for, wherever rows are."""

import threading

import numpy as np
import pytest
import torch
from headway.contracts import TARGET, Source
from headway_lightning.loading import BLOCK, Blocks
from headway_lightning.rows import Held, Mapped
from hypothesis import given
from hypothesis import strategies as st


def held(rows):
    return Held((torch.arange(rows), torch.arange(rows).float() * 10, torch.ones(rows)))


def mapped(rows, chosen=None):
    """The same rows, read from files."""
    source = Source({"x": np.arange(rows), TARGET: np.arange(rows, dtype=np.float32) * 10}, rows)
    weight = np.ones(rows if chosen is None else len(chosen), np.float32)
    return Mapped(source, ("x",), weight, chosen)


def blocks_of(rows, size, **more):
    return Blocks(held(rows), size, **more)


def batches_of(blocks):
    return [batch for block in blocks for batch in block]


def loaders():
    return [thread for thread in threading.enumerate() if thread.name.startswith("headway-loader")]


def shuffled(rows, seed=0):
    return torch.randperm(rows, generator=torch.Generator().manual_seed(seed))


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


@pytest.mark.parametrize(("columns", "batches"), [(2**16, 32), (2**21, 1), (2**23, 1)])
def test_blocks_of_wide_rows_are_short(columns, batches):
    """Of 64 MiB at most, unless one batch has more; float32, 8 rows a batch."""
    wide = Held((torch.zeros(1, columns).expand(300, columns), torch.zeros(300), torch.zeros(300)))
    assert len(Blocks(wide, 8)) == -(-38 // min(38, max(1, 2**26 // (8 * (4 * columns + 8)))))
    assert len(Blocks(wide, 8)) in (-(-38 // batches), -(-38 // (batches - 1)) if batches > 1 else 38)


@given(seed=st.integers(0, 99), rows=st.integers(1, 400))
def test_the_order_is_asked_for_once_an_epoch(seed, rows):
    orders = [shuffled(rows, seed + i) for i in range(2)]
    asked = iter(orders)
    blocks = blocks_of(rows, 3, order=lambda: next(asked))
    for order in orders:
        assert torch.cat([batch[0] for batch in batches_of(blocks)]).tolist() == order.tolist()


@given(rows=st.integers(2, 300), size=st.integers(1, 9), is_shuffled=st.booleans(), left=st.integers(0, 1))
def test_rows_that_are_read_from_files_come_in_the_order_of_those_that_are_held(rows, size, is_shuffled, left):
    chosen = np.arange(left, rows)
    order = (lambda: shuffled(rows - left)) if is_shuffled else None
    plain = Held([tensor[left:] for tensor in held(rows).tensors])
    ours, theirs = (batches_of(Blocks(given, size, order)) for given in (mapped(rows, chosen), plain))
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert all(a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(one, other, strict=True))


@given(rows=st.integers(1, 200), size=st.integers(1, 9), count=st.integers(1, 4), rule=st.sampled_from("pcm"))
def test_the_parts_of_all_processes_are_the_batches_of_one(rows, size, count, rule):
    """Whether rows are plain, changed or mapped; changes see the whole batch."""

    def of(number, count):
        change = (lambda at, batch: (batch[0] + batch[0].sum() + at, *batch[1:])) if rule == "c" else None
        given = mapped(rows) if rule == "m" else held(rows)
        return batches_of(Blocks(given, size, lambda: shuffled(rows), change=change, part=(number, count)))

    for whole, *parts in zip(of(0, 1), *(of(number, count) for number in range(count)), strict=True):
        lengths = [len(part[0]) for part in parts]
        assert max(lengths) - min(lengths) <= 1
        for tensor, pieces in zip(whole, zip(*parts, strict=True), strict=True):
            assert torch.equal(torch.cat(pieces), tensor)


@given(rows=st.integers(1, 200), size=st.integers(1, 9), copies=st.integers(2, 4), rule=st.sampled_from("pcm"))
def test_rows_at_the_same_place_of_a_batch_follow_each_other_each_in_an_order_of_its_own(rows, size, copies, rule):
    """Also where a process takes a part of the places."""
    orders = torch.stack([shuffled(rows, seed) for seed in range(copies)], dim=1)

    def of(number, count):
        change = (lambda at, batch: (batch[0] + at, *batch[1:])) if rule == "c" else None
        given = mapped(rows) if rule == "m" else held(rows)
        return batches_of(Blocks(given, size, lambda: orders, change=change, part=(number, count), copies=copies))

    whole, starts = of(0, 1), 0
    for number, (batch, *parts) in enumerate(zip(whole, of(0, 2), of(1, 2), strict=True)):
        places = len(batch[0]) // copies
        wanted = orders[starts : starts + places] + (number if rule == "c" else 0)
        assert batch[0].unflatten(0, (-1, copies)).tolist() == wanted.tolist()
        assert torch.equal(torch.cat([part[0] for part in parts]), batch[0])
        starts += places
    assert starts == rows


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


def test_a_batch_may_be_written_to_though_rows_may_not():
    array = np.arange(10)
    array.flags.writeable = False
    source = Source({"x": array, TARGET: array}, 10)
    for rows in (Mapped(source, ("x",), np.ones(10, np.float32), None), held(10)):
        for order in (None, lambda: shuffled(10)):
            for batch in batches_of(Blocks(rows, 4, order)):
                batch[0].zero_()
        assert rows.take(slice(0, 10))[0].tolist() == list(range(10))


class TestThread:
    """Rows that must be worked for are made ready a block ahead."""

    def test_the_next_block_is_made_while_one_is_used(self):
        made, used = threading.Event(), []

        def change(number, batch):
            if number == BLOCK:
                made.set()
            return batch

        for block in blocks_of(3 * BLOCK, 1, change=change):
            assert made.wait(60)
            used.append(len(block))
        assert used == [BLOCK] * 3
        assert loaders() == []

    def test_rows_that_are_held_need_none(self):
        for _ in blocks_of(300, 2):
            assert loaders() == []

    def test_its_exceptions_surface_where_batches_are_taken(self):
        def change(number, batch):
            if number == BLOCK + 1:
                raise ZeroDivisionError
            return batch

        taken = iter(blocks_of(3 * BLOCK, 1, change=change))
        assert len(next(taken)) == BLOCK
        with pytest.raises(ZeroDivisionError):
            next(taken)
        assert loaders() == []

    def test_closing_the_loader_ends_it(self):
        blocks = Blocks(mapped(3 * BLOCK), 1)
        blocks.close()
        next(iter(blocks))
        assert len(loaders()) == 1
        blocks.close()
        assert loaders() == []


class TestGpu:
    """What is asked of CUDA, on a machine that may not have it."""

    def rows_at(self, monkeypatch, free):
        moved = []
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 1 << 40))
        monkeypatch.setattr(torch.Tensor, "to", lambda self, device, **more: (moved.append("gpu"), self)[1])
        monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: (moved.append("pinned"), self)[1])
        held(100).at(torch.device("cuda"))
        return moved

    def test_rows_are_held_there_if_they_take_half_of_its_free_memory(self, monkeypatch):
        assert self.rows_at(monkeypatch, free=2 * 100 * (8 + 4 + 4)) == ["gpu"] * 3

    def test_rows_that_are_more_stay_where_they_are(self, monkeypatch):
        assert self.rows_at(monkeypatch, free=2 * 100 * (8 + 4 + 4) - 1) == []
