import errno
import gzip
from pathlib import Path

import polars as pl
import pytest
from headway.errors import StoreError
from headway.testing import tiny_table
from headway_tabular.sources import streams
from headway_tabular.sources.delimited import scan_delimited
from headway_tabular.sources.files import File
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.streams import blocks, in_slices
from headway_tabular.table import Table
from hypothesis import given
from hypothesis import strategies as st

ROWS = pl.DataFrame({"a": range(1000), "b": [f"w{n % 7}" for n in range(1000)]})
FULL = Path("/dev/full")


@pytest.fixture
def stream(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "SLICE", 64)
    ROWS.write_parquet(tmp_path / "rows.parquet", row_group_size=50)
    return in_slices(pl.scan_parquet(tmp_path / "rows.parquet"))


@pytest.mark.parametrize(
    "query",
    [
        lambda frame: frame,
        lambda frame: frame.select("b"),
        lambda frame: frame.select(pl.len()),
        lambda frame: frame.with_row_index("n").select("n"),
        lambda frame: frame.filter(pl.col("a") % 3 == 0).select("b"),
        lambda frame: frame.head(130).filter(pl.col("a") > 100),
        lambda frame: frame.filter(pl.col("a") > 100).head(130),
        lambda frame: frame.slice(120, 70),
        lambda frame: pl.concat([frame, frame.filter(pl.col("b") == "w1")]),
        lambda frame: frame.join(frame.select("a", c="b"), on="a", maintain_order="left"),
    ],
)
def test_a_stream_answers_as_the_rows_themselves(stream, query):
    assert query(stream).collect(engine="streaming").equals(query(ROWS.lazy()).collect())


def test_no_more_is_read_than_is_asked_for(stream, monkeypatch):
    read = []
    slices = streams.slices
    monkeypatch.setattr(
        streams, "slices", lambda *given: (read.append(batch.height) or batch for batch in slices(*given))
    )
    assert stream.head(10).collect(engine="streaming").height == 10
    assert read == [64]


@given(
    st.lists(st.lists(st.text('a"\n,', max_size=5), min_size=2, max_size=2), min_size=1, max_size=40),
    st.integers(1, 20),
)
def test_a_text_is_parsed_the_same_in_blocks_of_any_size(tmp_path_factory, rows, size):
    path = tmp_path_factory.mktemp("text") / "rows.csv"
    frame = pl.DataFrame(rows, schema=["x", "y"], orient="row")
    frame.write_csv(path, quote_style="always")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "BLOCK", size)
        parts = [*blocks(path, 1, '"')]
        read = scan_delimited(File(path, "rows.csv", {}), ReadOptions(), ",", path.parent).frame.collect()
    assert b"".join(parts) == path.read_bytes().split(b"\n", 1)[1]
    assert all(part.count(b'"') % 2 == 0 for part in parts)
    assert read.equals(frame.select(pl.when(pl.all() != "").then(pl.all())))


@pytest.mark.skipif(not FULL.exists(), reason="the system has no device that is always full")
@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_full_disk_is_told_with_its_folder_and_leaves_no_half_file(tmp_path, make_context, name):
    context = make_context()
    path = tmp_path / name
    frame = tiny_table(200)
    frame.write_parquet(path) if name.endswith("parquet") else frame.write_csv(path)
    (context.work / "rows.parquet").symlink_to(FULL)
    with pytest.raises(StoreError, match=str(context.work)) as caught:
        Table(path=str(path), target="income").run(context)
    assert caught.value.code == "disk-full"
    assert "HEADWAY_STORE" in caught.value.hint
    assert not (context.work / "rows.parquet").is_symlink()


def test_a_disk_that_is_full_of_unpacked_text_is_told_too(tmp_path, make_context, monkeypatch):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(tiny_table(200).write_csv().encode()))
    context = make_context()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("headway_tabular.sources.text.shutil.copyfileobj", full)
    with pytest.raises(StoreError, match="no space is left"):
        Table(path=str(path), target="income").run(context)
    assert not [file for file in context.work.rglob("*") if file.is_file()]
