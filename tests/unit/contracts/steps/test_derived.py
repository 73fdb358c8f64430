"""Derived columns against Python's own arithmetic on the same text."""

import math

import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW, Column, Derive, NullValues, Recipe
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = (
    st.none()
    | st.sampled_from([0.0, -0.0, 1.0, 2.5, -3.0, math.nan, math.inf, -math.inf, 1e300, 5e-324])
    | st.integers(-9, 9)
)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=8)


def missing(value):
    return value is None or math.isnan(value)


def operate(symbol, a, b):
    if missing(a) or missing(b):
        return None
    with_zero = {0: math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)}
    quotient = with_zero[0] if b == 0 else a / b
    floor = quotient if math.isinf(quotient) or math.isnan(quotient) else float(math.floor(quotient))
    found = {"+": a + b, "-": a - b, "*": a * b, "/": quotient, "//": floor, "%": a - b * floor}[symbol]
    return None if math.isnan(found) else found


def compare(symbol, a, b):
    if missing(a) or missing(b):
        return None
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[symbol]


def column(rows, expression):
    frame = pl.DataFrame(rows, schema={"a": pl.Float64, "b": pl.Float64, "c": pl.Float64}, orient="row", strict=False)
    return Derive("made", expression).apply(frame.lazy()).collect()["made"]


@settings(max_examples=60)
@given(rows=ROWS, symbol=st.sampled_from(["+", "-", "*", "/", "//", "%"]))
def test_arithmetic_is_pythons_with_missing_in_missing_out(rows, symbol):
    found = column(rows, f"a {symbol} b")
    assert found.dtype == pl.Float64
    wanted = [operate(symbol, *(None if v is None else float(v) for v in row[:2])) for row in rows]
    assert found.to_list() == wanted


@settings(max_examples=30)
@given(rows=ROWS, symbol=st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_comparisons_are_booleans(rows, symbol):
    found = column(rows, f"a {symbol} b")
    assert found.dtype == pl.Boolean
    assert found.to_list() == [compare(symbol, *row[:2]) for row in rows]


@settings(max_examples=30)
@given(rows=ROWS)
def test_logic_misses_what_any_part_misses(rows):
    for text, function in (
        ("a and b or not c", lambda a, b, c: (a != 0 and b != 0) or c == 0),
        ("a < b <= c", lambda a, b, c: a < b <= c),
        ("not (a < b)", lambda a, b, c: not a < b),
    ):
        used = [row if "c" in text else (*row[:2], 0.0) for row in rows]
        wanted = [None if any(map(missing, row)) else bool(function(*row)) for row in used]
        assert column(rows, text).to_list() == wanted


def test_truths_count_as_one_and_zero_in_arithmetic():
    frame = pl.LazyFrame({"age": [70, 20, None], "odd name": [True, False, None]})
    found = Derive("made", "(age >= 65) * 2 + `odd name` - -1").apply(frame).collect()["made"]
    assert found.to_list() == [4.0, 1.0, None]


def test_a_constant_is_a_column():
    assert column([(1, 2, 3), (4, 5, 6)], "7").to_list() == [7.0, 7.0]


def test_names_that_are_no_numbers_are_refused_at_their_place():
    frame = pl.LazyFrame({"age": [1], "sex": ["f"]})
    with pytest.raises(DataError, match="'sex', which holds no numbers") as caught:
        Derive("made", "age + sex").apply(frame)
    assert caught.value.where.column == 7
    with pytest.raises(DataError, match="did you mean 'age'"):
        Recipe((Derive("made", "agee"),)).apply(frame)
    with pytest.raises(DataError, match="Call"):
        Derive("made", "f(x)")


def test_a_column_is_not_made_of_itself():
    with pytest.raises(DataError, match="'age' is read by the step that makes it"):
        Derive("age", "age + 1")


@pytest.mark.parametrize(
    ("dtype", "values", "wanted"),
    [
        (pl.String, ["5", " -999 ", "-999.0", "NA", "1.5", "-7", None], [5.0, *[None] * 6]),
        (pl.Int64, [5, -999, -7, 0, None], [5.0, None, None, 0.0, None]),
        (pl.Float32, [5.0, -999.0, 1.5, math.nan, None], [5.0, None, None, math.nan, None]),
        (pl.UInt8, [5, 255], [5.0, 255.0]),
        (pl.Boolean, [True, False], [1.0, 0.0]),
    ],
)
def test_null_values_are_missing_as_texts_and_as_numbers_alike(dtype, values, wanted):
    recipe = Recipe((NullValues(("-999", "1.5", "-7.0", "NA")),), (Column("x", "numeric", "Float64"),))
    found = recipe.apply(pl.LazyFrame({"x": pl.Series(values, dtype=dtype)})).collect()["x"]
    assert found.equals(pl.Series("x", wanted, dtype=pl.Float64), null_equal=True)


def test_numbers_of_rows_that_were_read_before_are_left():
    """What a rule clips to 0 in training is no 0 of the file: rows to be scored have it after their rules too."""
    rows = pl.LazyFrame({ROW: [0, 1], "x": [0, 1]})
    assert Recipe((NullValues(("0", "1")),)).apply(rows).collect().equals(rows.collect())


@given(st.lists(st.one_of(st.none(), st.sampled_from(["?", " ? ", "", "NA", " a", "a "]))))
def test_null_values_are_read_after_trimming_in_every_string_column(values):
    frame = pl.DataFrame({"s": values, "n": range(len(values))}, schema={"s": pl.String, "n": pl.Int64})
    found = Recipe((NullValues(("?", "NA")),)).apply(frame.lazy()).collect()
    assert found["s"].to_list() == [None if v is None or v.strip() in ("", "?", "NA") else v.strip() for v in values]
    assert found["n"].equals(frame["n"])
