"""Columns of numbers with a few texts are told."""

from dataclasses import replace

import polars as pl
import pytest
from headway.testing import tiny_table
from headway_tabular.data.mixed import mixed
from headway_tabular.table import Table


def told(**columns):
    return list(mixed(pl.LazyFrame(columns), list(columns)))


def test_what_is_no_number_is_counted_and_shown():
    (text,) = told(x=[*map(str, range(97)), "ten", "?", "?", None], y=["a"] * 101)
    assert text.startswith("x is categorical: 3 of 100 values are no numbers ('?', 'ten')")
    assert "data.null_values" in text
    assert "data.kinds.x=categorical" in text


def test_examples_are_few_and_short():
    (text,) = told(x=[*map(str, range(960)), *(f"{'word' * 20}{n}" for n in range(40))])
    assert "and 37 others" in text
    assert len(text) < 400


@pytest.mark.parametrize(
    "values",
    [
        ["007", "010", "123"] * 10,
        ["1", "2", "x"] * 10,
        ["a", "b"] * 10,
        [None] * 10,
        [],
    ],
)
def test_codes_and_words_are_not_told(values):
    assert told(x=pl.Series(values, dtype=pl.String)) == []


def test_without_columns_nothing_is_read():
    assert list(mixed(pl.LazyFrame({"x": [1]}), [])) == []


def test_a_table_tells_unless_the_kind_is_given(tmp_path, make_context, caplog):
    slips = pl.Series("n", ["ten", *map(str, range(9)), *["5"] * 190])
    tiny_table(200).with_columns(slips).write_csv(tmp_path / "rows.csv")
    table = Table(path=str(tmp_path / "rows.csv"), target="income")
    table.run(make_context())
    assert "n is categorical: 1 of 200 values are no numbers ('ten')" in caplog.text
    caplog.clear()
    replace(table, kinds={"n": "categorical"}).run(make_context("given"))
    assert "no numbers" not in caplog.text
