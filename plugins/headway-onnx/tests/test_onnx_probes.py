from dataclasses import replace

import numpy as np
from headway.contracts import MISSING, Column, Strings
from headway_onnx.probes import KNOWN, MIXED, count, generated_rows

COLUMNS = (
    Column("number", "numeric", "Float64"),
    Column("whole", "integer", "Int64"),
    Column("flag", "boolean", "Boolean"),
    Column("when", "timestamp", "Datetime"),
    Column("word", "categorical", "String", categories=("a", "b")),
    Column("vector", "tensor", "List"),
)
REAL = {
    "number": np.array([1.5, np.nan, 7.25]),
    "whole": np.array([3.0, 5.0, np.nan]),
    "flag": np.array([0.0, 1.0, 1.0]),
    "when": np.array([1000, -(2**63), 2000]),
    "word": np.array(["a", MISSING, "b"], dtype=object),
    "vector": np.arange(6, dtype=np.float32).reshape(3, 2),
}


def made():
    return generated_rows(REAL, COLUMNS)


def test_names_and_types_are_those_of_the_real_rows():
    rows = made()
    assert {name: array.dtype for name, array in rows.items()} == {name: array.dtype for name, array in REAL.items()}
    assert {len(array) for array in rows.values()} == {count(rows)}
    assert count(rows) > MIXED


def test_numbers_get_borders_and_their_float_neighbours_and_extremes():
    given = set(made()["number"].tolist())
    for border in (1.5, 7.25):
        assert {border, np.nextafter(border, np.inf), np.nextafter(border, -np.inf)} <= given
    assert {np.inf, -np.inf, 1e300, -1e300, 5e-324} <= given
    assert np.isnan(made()["number"]).any()


def test_integers_stay_whole_and_exact():
    given = made()["whole"]
    known = given[~np.isnan(given)]
    assert (known == np.floor(known)).all()
    assert np.abs(known).max() == 2.0**53
    assert {2.0, 3.0, 4.0, 5.0, 6.0} <= set(known.tolist())


def test_flags_times_and_words_get_missing_and_unseen_values():
    rows = made()
    assert np.isnan(rows["flag"]).any()
    assert set(rows["flag"][~np.isnan(rows["flag"])]) == {0.0, 1.0}
    assert {-(2**63), 999, 1000, 1001, 1999, 2000, 2001} <= set(rows["when"].tolist())
    assert {MISSING, "a", "b", "", "never seen before"} <= set(rows["word"])
    assert all(type(word) is str for word in rows["word"])


def test_other_kinds_keep_real_values():
    assert {tuple(row) for row in made()["vector"].tolist()} == {(0, 1), (2, 3), (4, 5)}


def test_rows_are_the_same_every_time_and_the_real_ones_stay():
    before = {name: array.copy() for name, array in REAL.items()}
    one, two = made(), made()
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name])
        np.testing.assert_array_equal(REAL[name], before[name])


def test_columns_without_any_known_value_still_get_rows():
    nothing = {"number": np.array([np.nan]), "whole": np.array([np.nan]), "when": np.array([-(2**63)])}
    rows = generated_rows(nothing, [column for column in COLUMNS if column.name in nothing])
    assert np.isinf(rows["number"]).any()
    assert 0.0 in rows["whole"]
    assert 0 in rows["when"]


def test_windows_are_filled_with_a_special_value_and_then_mixed_place_by_place():
    columns = (Column("load", "numeric", "Float64", history=3),)
    real = {"load": np.lib.stride_tricks.sliding_window_view(np.arange(10.0), 4)}
    rows = generated_rows(real, columns)["load"]
    assert rows.shape[1] == 4
    assert (~np.isfinite(rows)).all(axis=1).any()
    assert (rows == 9).all(axis=1).any(), "the largest value of the row's own place"
    mixed = rows[-MIXED:]
    assert ((mixed[:, 0] != mixed[:, 1]) & ~np.isnan(mixed[:, 0])).mean() > 0.5


def micros(text):
    return int(np.datetime64(text, "us").astype(np.int64))


def test_times_get_the_microseconds_beside_midnights_and_ends_of_months():
    real = {"when": np.array([micros("2013-02-28T12:34:56.789"), micros("1959-12-03T01:00")])}
    given = set(generated_rows(real, [COLUMNS[3]])["when"].tolist())
    for edge in ("1969-12-31", "1970-01-01", "2013-02-28", "2013-03-01", "2013-02-01", "1959-12-03", "1960-01-01"):
        assert {micros(edge) - 1, micros(edge), micros(edge) + 1} <= given, edge
    assert {-(2**63), micros("0001-01-01"), micros("9999-12-31T23:59:59.999999")} <= given


def test_strings_that_were_seen_come_from_the_categories_or_from_the_real_rows():
    words = [f"word {i:04}" for i in range(3000)]
    open_set = Column("word", "categorical", "String")
    for column, real in (
        (open_set, np.array([*words, MISSING], dtype=object)),
        (open_set, Strings(np.array(words[::-1], dtype=object), np.arange(3000))),
        (replace(open_set, categories=tuple(words)), np.array(["another"], dtype=object)),
    ):
        seen = sorted(set(generated_rows({"word": real}, [column])["word"]) & set(words))
        assert len(seen) == KNOWN
        assert (seen[0], seen[-1]) == (words[0], words[-1])
    assert set(generated_rows({"word": np.array(["a", MISSING], dtype=object)}, [open_set])["word"]) >= {
        "a",
        MISSING,
        "",
    }
