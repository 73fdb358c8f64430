"""Rows to splits: at random, by column, and what holds for every way."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW
from headway_tabular.splits.assign import absent, assign, divided
from headway_tabular.splits.split import Split
from hypothesis import given
from hypothesis import strategies as st


def codes_of(frame, split, seed=0, **given):
    told = {"target": "y", "is_classification": False, "time": "t", "group": "g"} | given
    return assign(frame.lazy(), split, seed, **told)


@st.composite
def fractions(draw):
    train = draw(st.integers(5, 100))
    validation = draw(st.integers(0, 100 - train))
    return {"train": train / 100, "validation": validation / 100, "test": (100 - train - validation) / 100}


@given(
    shares=fractions(),
    classes=st.lists(st.integers(3, 60), min_size=1, max_size=5),
    stratify=st.booleans(),
    seed=st.integers(0, 3),
    batch=st.sampled_from([5, 10_000]),
)
def test_random_splits_are_exact_complete_and_the_same_for_every_batch(shares, classes, stratify, seed, batch):
    values = np.random.default_rng(seed).permutation(np.repeat([f"c{i}" for i in range(len(classes))], classes))
    frame, split = pl.DataFrame({"y": values}), Split(stratify=stratify, **shares)
    codes = codes_of(frame, split, seed, is_classification=stratify)
    assert set(codes.tolist()) == {i for i, share in enumerate(shares.values()) if share}
    assert (codes == codes_of(frame, split, seed, is_classification=stratify, batch=batch)).all()
    strata = [values == value for value in set(values.tolist())] if stratify else [np.full(len(values), True)]
    for stratum in strata:
        ideal = np.array(list(shares.values())) * stratum.sum()
        if ideal[ideal > 0].min() >= 1:  # else a row is lent to a split that would have none
            assert (np.abs(np.bincount(codes[stratum], minlength=3) - ideal) <= 1 + 1e-9).all()


@given(
    classes=st.lists(st.integers(6, 40), min_size=1, max_size=5),
    folds=st.integers(2, 6),
    stratify=st.booleans(),
    share=st.sampled_from([0.0, 0.25, 0.6]),
)
def test_over_the_folds_every_row_is_tested_once_and_classes_stay_in_proportion(classes, folds, stratify, share):
    values = np.repeat([f"c{i}" for i in range(len(classes))], classes)
    frame = pl.DataFrame({"y": values})
    found = [
        codes_of(frame, Split(train=1 - share, validation=share, test=0, stratify=stratify, folds=folds, fold=fold),
                 is_classification=stratify)
        for fold in range(folds)
    ]  # fmt: skip
    assert (np.sum([codes == 2 for codes in found], axis=0) == 1).all()
    for codes in found:
        assert abs((codes == 2).sum() - len(values) / folds) < 1
        assert bool(share) == bool((codes == 1).any())
        rest = (codes != 2).sum()
        assert abs((codes == 1).sum() - share * rest) <= (len(classes) if stratify else 1)
        for rows in classes if stratify else ():
            at = np.cumsum(classes)[classes.index(rows)]
            assert abs((codes[at - rows : at] == 2).sum() - rows / folds) < 1


def test_folds_have_validation_rows_of_their_own():
    frame = pl.DataFrame({"y": np.arange(1000)})
    found = [codes_of(frame, Split(folds=5, fold=fold)) for fold in range(5)]
    sets = [frozenset(np.flatnonzero(codes == 1).tolist()) for codes in found]
    assert len(set(sets)) == 5
    assert len(frozenset.union(*sets)) == 1000


def test_another_seed_moves_the_rows_and_the_same_does_not():
    frame = pl.DataFrame({"y": np.arange(500)})
    first, again, other = (codes_of(frame, Split(), seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert 100 < (first != other).sum() < 400


def test_a_split_of_a_seed_is_the_same_everywhere():
    frame = pl.DataFrame({"y": ["a", "b"] * 10})
    assert "".join(map(str, codes_of(frame, Split(), 7, is_classification=True).tolist())) == "00100102200010002102"


def test_the_places_of_classes_are_independent():
    frame = pl.DataFrame({"y": ["a", "b"] * 5000})
    codes = codes_of(frame, Split(train=0.5, validation=0, test=0.5), is_classification=True)
    together = (codes[::2] == codes[1::2]).mean()
    assert abs(together - 0.5) < 0.03


def test_a_column_says_the_split():
    frame = pl.DataFrame({"part": ["train", "test", "validation"] * 4, "y": range(12)})
    assert codes_of(frame, Split(by="column", column="part")).tolist() == [0, 2, 1] * 4
    short = frame.with_columns(pl.col("part").replace("validation", "val"))
    assert codes_of(short, Split(by="column", column="part")).tolist() == [0, 2, 1] * 4
    enum = frame.with_columns(pl.col("part").cast(pl.Enum(["validation", "train", "test"])))
    assert codes_of(enum, Split(by="column", column="part")).tolist() == [0, 2, 1] * 4


BY_COLUMN = Split(by="column", column="part")


@pytest.mark.parametrize(
    ("frame", "split", "given", "code", "part"),
    [
        ({"part": ["train", "tset"]}, BY_COLUMN, {}, "split-column", "did you mean 'test'?"),
        ({"part": ["train", None]}, BY_COLUMN, {}, "split-column", "missing in 1 rows"),
        ({"part": ["train", "test"]}, BY_COLUMN, {}, "empty-split", "'validation' has no rows"),
        ({"y": ["a"] * 9 + ["b"] * 2}, Split(), {"is_classification": True}, "small-class", "class 'b' of 'y' has 2"),
        (
            {"y": ["a"] * 9 + ["b"] * 4},
            Split(folds=5, fold=0),
            {"is_classification": True},
            "small-class",
            "class 'b' of 'y' has 4",
        ),
        ({"y": [1.0, 2.0]}, Split(), {}, "empty-split", "has no rows"),
        ({"y": [1.0]}, Split(by="group"), {"group": None}, "split-column", "by=group needs a column"),
        ({"y": [1.0]}, Split(by="time"), {"time": None}, "split-column", "by=time needs a column"),
        (
            {"part": ["train", "train", "validation", "test"], "y": ["a", "b", "c", "a"]},
            BY_COLUMN,
            {"is_classification": True},
            "absent-class",
            "no row of 'train' is of class 'c'",
        ),
    ],
)
def test_what_cannot_be_divided_is_explained(frame, split, given, code, part):
    frame = pl.DataFrame(frame)
    frame = frame if "y" in frame.columns else frame.with_columns(y=pl.lit(1.0))
    with pytest.raises(DataError) as caught:
        codes_of(frame, split, **given)
    assert caught.value.code == code
    assert part in caught.value.what
    assert caught.value.hint or code == "split-column"


@pytest.mark.parametrize(
    "split", [Split(), Split(folds=3, fold=1), Split(by="time"), Split(by="time", folds=3, fold=1)]
)
def test_no_rows_are_no_split(split):
    with pytest.raises(DataError) as caught:
        codes_of(pl.DataFrame({"y": [1.0], "t": [1]}).clear(), split)
    assert caught.value.code == "empty-split"


def test_classes_that_a_split_lacks_are_told():
    frame = pl.DataFrame({"y": ["a", "b", "a", "b", "a"]})
    assert absent(frame.lazy(), "y", np.array([0, 0, 1, 255, 2], dtype=np.uint8)) == [
        ("validation", "b"),
        ("test", "b"),
    ]


def test_divided_rows_are_lazy_keep_their_order_and_columns_that_are_asked_for(monkeypatch, tmp_path):
    monkeypatch.setattr("headway_tabular.sources.streams.SLICE", 700)
    frame = pl.DataFrame({ROW: np.arange(3000) * 3, "x": np.arange(3000) * 2})
    frame.write_parquet(tmp_path / "rows.parquet", row_group_size=400)
    codes = codes_of(frame.with_columns(y=pl.lit(1.0)), Split(train=0.7, validation=0, test=0.3), 3)
    codes[5] = 255
    parts = divided(pl.scan_parquet(tmp_path / "rows.parquet"), codes)
    assert list(parts) == ["train", "test"]
    for name, code in (("train", 0), ("test", 2)):
        assert parts[name].collect(engine="streaming").equals(frame.filter(codes == code))
        assert parts[name].select("x").head(900).collect().equals(frame.select("x").filter(codes == code).head(900))
        assert parts[name].select(pl.len()).collect().item() == (codes == code).sum()


def test_arrays_do_not_grow_with_the_rows_but_for_their_codes(monkeypatch):
    monkeypatch.setattr("headway_tabular.splits.time_column.KEPT", 0)

    def peak(rows, split):
        index = np.arange(rows)
        frame = pl.DataFrame({"y": index % 3, "t": index * 7919 % rows, "g": index % 50}).lazy()
        tracemalloc.start()
        codes_of(frame.collect(), split, is_classification=True, batch=5000)
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    for split in (Split(folds=5, fold=1), Split(by="group"), Split(by="time", gap=5)):
        assert (peak(300_000, split) - peak(100_000, split)) / 200_000 < 1.5


MEMORY = """
import re, sys, threading
from pathlib import Path
import polars as pl
from headway_tabular.splits.split import Split
from headway_tabular.splits.assign import assign

taken, done = [], threading.Event()

def watch():  # anonymous memory: the pages of the file that the system keeps are not ours
    while not done.wait(0.002):
        taken.append(int(re.search(r"RssAnon:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]))

frame = pl.scan_parquet(sys.argv[1])
given = {"target": "y", "is_classification": True, "time": "t", "group": "g"}
assign(frame.head(200_000), Split(), 0, **given)
watcher = threading.Thread(target=watch)
watcher.start()
for split in (Split(by="group"), Split(by="time", gap=5)):
    assign(frame, split, 0, **given)
done.set()
watcher.join()
print((max(taken) - taken[0]) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_memory_does_not_grow_with_the_rows_but_for_their_codes(tmp_path):
    grown = {}
    for rows in (4_000_000, 10_000_000):
        index, path = np.arange(rows, dtype=np.int64), tmp_path / f"{rows}.parquet"
        columns = {"y": index % 3, "t": index * 7919 % rows, "g": index % 500}
        pl.DataFrame(columns).write_parquet(path, row_group_size=100_000)
        done = subprocess.run([sys.executable, "-c", MEMORY, path], capture_output=True, text=True, check=True)
        grown[rows] = int(done.stdout)
    assert (grown[10_000_000] - grown[4_000_000]) / 6_000_000 < 6, grown  # one column alone would be 8 bytes a row
