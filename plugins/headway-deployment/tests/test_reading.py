import json

import polars as pl
import pytest
from headway_deployment import reading
from headway_deployment.reading import open_source


@pytest.fixture
def lines(tmp_path):
    """Writes objects as JSON lines."""

    def write(*items):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(f"{item if isinstance(item, str) else json.dumps(item)}\n" for item in items))
        return path

    return write


def test_a_key_may_first_appear_in_any_line(lines, monkeypatch):
    monkeypatch.setattr(reading, "BATCH", 2)
    source = open_source(lines({"x": 1, "y": None}, {"x": 2}, {"x": 3}, {"x": 4, "note": 1.5}, {"y": 7, "z": None}))
    assert source.schema == {"x": pl.Int64, "y": pl.Int64, "note": pl.Float64, "z": pl.String}
    found = pl.concat(source.batches(list(source.schema)))
    assert found["note"].to_list() == [None, None, None, 1.5, None]
    assert found["y"].to_list() == [None, None, None, None, 7]


def test_mixed_values_are_written_as_in_training(lines):
    """The test of training has the same values: `headway-tabular/tests/test_sources_files.py`."""
    given = ["1.0", "1e20", "1e-7", "1.50", "5", "true", '"x"', '"1.50"', "null"]
    source = open_source(lines(*(f'{{"a": {text}}}' for text in given)))
    written = ["1", "1" + "0" * 20, "0.0000001", "1.5", "5", "true", "x", "1.50", None]
    assert pl.concat(source.batches(["a"]))["a"].to_list() == written


def test_what_only_python_takes_for_json_is_missing_or_infinite_among_texts(lines):
    source = open_source(lines('{"a": NaN}', '{"a": "x"}', '{"a": -Infinity}'))
    assert pl.concat(source.batches(["a"]))["a"].to_list() == [None, "x", "-inf"]
