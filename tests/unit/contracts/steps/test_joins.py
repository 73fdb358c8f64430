import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW, Join, Recipe
from hypothesis import given, settings
from hypothesis import strategies as st

PLANES = pl.LazyFrame({"tailnum": ["N1", "N2", None], "seats": [10, 20, 30], "year": [1999, None, 2001]})
JOIN = Join("planes", {"tail": "tailnum"}, {"seats": "plane_seats", "year": "plane_year"})


def joined(step, rows, table=PLANES):
    return Recipe((step,)).apply(rows.lazy(), {step.table: table}).collect()


KEYS = st.none() | st.integers(0, 3)


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(KEYS, KEYS)),
    table=st.dictionaries(st.tuples(KEYS, KEYS), st.none() | st.integers(0, 99)),
    engine=st.sampled_from(["streaming", "in-memory"]),
)
def test_a_row_gets_the_record_of_its_keys_and_stays_where_it_is(rows, table, engine):
    frame = pl.LazyFrame(rows, schema={"a": pl.Int64, "b": pl.Int64}, orient="row").with_row_index(ROW)
    records = [(*keys, value) for keys, value in table.items()]
    other = pl.LazyFrame(records, schema={"x": pl.Int16, "y": pl.UInt32, "v": pl.Int64}, orient="row")
    found = Recipe((Join("t", {"a": "x", "b": "y"}, {"v": "value"}),)).apply(frame, {"t": other}).collect(engine=engine)
    assert found[ROW].to_list() == list(range(len(rows)))
    assert found["value"].to_list() == [None if None in keys else table.get(keys) for keys in rows]


def test_columns_take_their_new_names_and_others_pass_through():
    rows = pl.DataFrame({"tail": ["N2", "N3", None], "tailnum": ["x", "y", "z"], "seats": [1, 2, 3]})
    found = joined(JOIN, rows)
    assert found.columns == ["tail", "tailnum", "seats", "plane_seats", "plane_year"]
    assert found["plane_seats"].to_list() == [20, None, None]
    assert found["seats"].to_list() == [1, 2, 3]


def test_a_column_that_rows_have_already_is_made_anew():
    rows = pl.DataFrame({"tail": ["N1"], "plane_seats": [99]})
    assert joined(JOIN, rows)["plane_seats"].to_list() == [10]


def test_rows_do_not_multiply():
    twice = pl.LazyFrame({"tailnum": ["N1", "N2", "N2", "N2", "N1", None, None], "seats": range(7), "year": range(7)})
    with pytest.raises(DataError, match=r"2 key\(s\) .* such as tailnum = 'N2': 3 times"):
        joined(JOIN, pl.DataFrame({"tail": ["N1"]}), twice)


def test_rows_without_a_record_may_be_refused():
    strict = Join("planes", {"tail": "tailnum"}, {"seats": "seats"}, unmatched="error")
    assert joined(strict, pl.DataFrame({"tail": ["N1", "N2"]}))["seats"].to_list() == [10, 20]
    with pytest.raises(DataError, match=r"2 row\(s\) have no record .* tail = 'N9'"):
        joined(strict, pl.DataFrame({"tail": ["N1", "N9", None]}))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (pl.Int8, pl.UInt16),
        (pl.Float32, pl.Float64),
        (pl.Categorical, pl.String),
        (pl.Enum(["1", "2"]), pl.Categorical),
        (pl.Null, pl.String),
        (pl.Null, pl.Int8),
        (pl.String, pl.Null),
    ],
)
def test_keys_are_compared_as_values(one, two):
    def keys(dtype):
        return pl.Series([None, None] if dtype == pl.Null else ["1", "2"]).cast(dtype, strict=False)

    rows, table = pl.DataFrame({"k": keys(one)}), pl.LazyFrame({"k": keys(two), "v": [1, 2]})
    found = joined(Join("t", {"k": "k"}, {"v": "v"}), rows, table)["v"].to_list()
    assert found == ([None, None] if pl.Null in (one, two) else [1, 2])


def test_keys_of_different_types_are_refused_naming_both_sides():
    rows = pl.DataFrame({"tail": [1, 2]})
    with pytest.raises(DataError, match=r"'planes': column 'tail' of the rows is Int64, 'tailnum' .* is String"):
        joined(JOIN, rows)


def test_missing_keys_and_columns_are_told_with_the_nearest():
    with pytest.raises(DataError, match="join of 'planes': unknown column 'tail'; did you mean 'tails'"):
        joined(JOIN, pl.DataFrame({"tails": ["N1"]}))
    with pytest.raises(DataError, match="table 'planes': unknown column 'year'; did you mean 'years'"):
        joined(JOIN, pl.DataFrame({"tail": ["N1"]}), PLANES.rename({"year": "years"}))


def test_a_join_needs_a_key_and_names_of_its_own():
    with pytest.raises(DataError, match="no column to join on"):
        Join("planes", {}, {"seats": "seats"})
    with pytest.raises(DataError, match="'tail' is read by the step that makes it"):
        Join("planes", {"tail": "tailnum"}, {"tailnum": "tail"})
    with pytest.raises(DataError, match="'x' is made twice"):
        Join("planes", {"tail": "tailnum"}, {"seats": "x", "year": "x"})
