"""What training reads in a file, `predict` reads in it too: the same values, the same gaps, the same refusals."""

import csv
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from headway import DataError
from headway.contracts import NullValues, Recipe, canonical_json
from headway.contracts.values import ISO
from headway_deployment.reading import open_source
from headway_tabular.data.build import source_rows
from headway_tabular.data.recipes import recipe_of
from headway_tabular.quality.rules import Rule
from headway_tabular.quality.validation import enforce
from headway_tabular.sources.options import ReadOptions
from headway_tabular.table import Table
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pydantic import TypeAdapter

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NULLS = ("NA", "?")
UNIX = ("unix_s", "unix_ms", "unix_us", "unix_ns")
FORMATS = (*UNIX, "%Y-%d-%m", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%m/%d/%y", "%Y%m%dT%H%M%S", "%d.%m.%Y %H:%M:%S%.f",
           "%d.%m.%Y %H:%M %z")  # fmt: skip


def trained(path, dates=(), **fields):
    """The rows as training reads them, and the recipe as it comes back from its JSON."""
    table = Table(target="x", path=str(path), read=ReadOptions(dates=dates), **{"null_values": NULLS} | fields)
    rows = source_rows(table, path.parent / "work")
    steps = enforce(rows.frame, table.rules).steps
    recipe = TypeAdapter(Recipe).validate_json(canonical_json(recipe_of(table, rows.columns, steps, {})))
    return rows.frame.drop("__row__").collect(), recipe


def scored(path, recipe):
    """The rows as `predict` reads them."""
    source = open_source(path)
    return recipe.open().typed(pl.concat(list(source.batches(list(source.schema)))).lazy()).collect()


def written(path, columns):
    """A CSV of texts; None is an empty field."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def moments(form):
    if form in UNIX:
        return st.integers(-(2**63), 2**63 - 1).map(str) | st.floats(-1e19, 1e19).map(str)
    return st.datetimes(datetime(1970, 1, 1), datetime(2068, 1, 1)).map(
        lambda at: at.strftime(form.replace("%.f", ".%f").replace("%z", "+0530"))
    )


WHOLE = st.integers(-(2**63), 2**63 - 1).map(str)
REAL = st.one_of(
    st.floats().map(str), st.integers(-(10**9), 10**9).map(lambda n: f"{n}.0"), st.sampled_from(["-0.0", "1e5", "+.5"])
)
FLAG = st.sampled_from(["true", "True", "TRUE", "false", "False", "fAlse"])
ISO_TIMES = st.one_of(*map(moments, ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")))
ZONED = st.one_of(*map(moments, ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M +01:00", "%Y-%m-%d %H:%M:%S.%f-0330")))
WORDS = st.text(st.sampled_from(" \tab1.,\"'\n;é-"), min_size=1, max_size=6)
COLUMNS = st.one_of(
    st.tuples(st.sampled_from([None, "integer", "numeric", "categorical", "identifier"]), st.just(WHOLE)),
    st.tuples(st.sampled_from([None, "numeric", "categorical", "text"]), st.just(REAL)),
    st.tuples(st.sampled_from([None, "boolean", "categorical"]), st.just(FLAG)),
    st.tuples(st.just("boolean"), st.just(st.sampled_from(["yes", "N", "t", "0", "1", "False"]))),
    st.tuples(st.sampled_from([None, "timestamp", "categorical"]), st.sampled_from([ISO_TIMES, ZONED])),
    st.tuples(st.sampled_from([None, "timestamp"]), st.sampled_from(FORMATS).map(moments)),
    st.tuples(st.just("timestamp"), st.just(st.one_of(ISO_TIMES, ZONED, *map(moments, FORMATS)))),
    st.tuples(st.sampled_from([None, "categorical", "text"]), st.just(WORDS)),
    st.tuples(st.none(), st.just(st.one_of(WHOLE, FLAG, WORDS, ISO_TIMES))),
)


@st.composite
def tables(draw):
    """Column to its kind, or none, and its texts, in one spelling or in several, with gaps."""
    height = draw(st.integers(1, 8))
    gaps = st.sampled_from([None, "", " ", "NA", " ? "])
    found = {}
    for at, (kind, texts) in enumerate(draw(st.lists(COLUMNS, min_size=1, max_size=4))):
        found[f"c{at}"] = (kind, draw(st.lists(st.one_of(texts, texts, gaps), min_size=height, max_size=height)))
    return found


@QUICK
@given(tables(), st.permutations(FORMATS).flatmap(lambda f: st.integers(0, len(f)).map(lambda n: f[:n])))
def test_whatever_training_reads_predict_reads_alike(columns, dates):
    kinds = {name: kind for name, (kind, _) in columns.items() if kind}
    texts = {name: values for name, (_, values) in columns.items()} | {"x": ["1"] * len(columns["c0"][1])}
    with TemporaryDirectory() as folder:
        for name in ("rows.csv", "rows.tsv"):
            path = written(Path(folder) / name, texts)
            try:
                rows, recipe = trained(path, tuple(dates), kinds=kinds)
            except DataError as error:
                assert error.code == "kind"  # noqa: PT017 - a date in a format that was not told
                return
            assert_frame_equal(scored(path, recipe), rows, check_exact=True)
            # The same rows, in files that know types.
            rows.write_parquet(Path(folder) / "rows.parquet")
            assert_frame_equal(scored(Path(folder) / "rows.parquet", recipe), rows, check_exact=True)
            if not rows.select(pl.selectors.float()).unpivot().filter(~pl.col("value").is_finite()).height:
                rows.write_ndjson(Path(folder) / "rows.jsonl")
                assert_frame_equal(scored(Path(folder) / "rows.jsonl", recipe), rows, check_exact=True)


GOOD = {"integer": "1", "numeric": "1.5", "boolean": "true", "timestamp": "2024-01-31"}


@QUICK
@given(
    st.sampled_from(list(GOOD)),
    st.one_of(
        WHOLE, REAL, FLAG, ISO_TIMES, ZONED, st.text("0123456789+-.eE_:TZ truefalsinyx", min_size=1, max_size=12)
    ),
)
@example("integer", "1.0")
@example("integer", "9007199254740993.0")
@example("integer", "1e17")
@example("boolean", "0.5")
@example("numeric", "1_000")
@example("numeric", "1,000")
def test_a_text_is_of_a_kind_in_training_and_in_predict_or_in_neither(kind, text):
    with TemporaryDirectory() as folder:
        _, recipe = trained(written(Path(folder) / "good.csv", {"x": [GOOD[kind]]}), kinds={"x": kind})
        path = written(Path(folder) / "rows.csv", {"x": [GOOD[kind], text]})
        try:
            rows, _ = trained(path, kinds={"x": kind})
        except DataError:
            with pytest.raises(DataError, match=r"column 'x' must be .*: 1 value\(s\) are not, the first in row 2"):
                scored(path, recipe)
        else:
            assert_frame_equal(scored(path, recipe), rows, check_exact=True)


@pytest.mark.parametrize(
    ("written_so", "told", "value"),
    [("%Y-%d-%m", ("%Y-%d-%m",), "2024-02-01"), ("%d.%m.%Y", ("%d.%m.%Y", ISO), "01.02.2024")],
)
def test_dates_that_look_like_iso_ones_are_the_days_that_training_saw(tmp_path, written_so, told, value):
    path = written(tmp_path / "rows.csv", {"x": [value, None]})
    rows, recipe = trained(path, (written_so,))
    assert recipe.columns[0].formats == told
    assert scored(path, recipe)["x"].to_list() == rows["x"].to_list()
    iso = written(tmp_path / "iso.csv", {"x": ["2024-12-31"]})
    if ISO in told:
        assert scored(iso, recipe)["x"].to_list() == [datetime(2024, 12, 31)]
    else:
        with pytest.raises(DataError, match="the first in row 1: '2024-12-31'"):
            scored(iso, recipe)


@pytest.mark.parametrize("form", UNIX)
def test_numbers_count_since_1970_in_every_kind_of_file(tmp_path, form):
    value = {"unix_s": 1717000000, "unix_ms": 1717000000_000, "unix_us": 1717000000_000_000}.get(
        form, 1717000000 * 10**9
    )
    path = written(tmp_path / "rows.csv", {"x": [str(value), None]})
    rows, recipe = trained(path, (form,), kinds={"x": "timestamp"})
    assert rows["x"].to_list() == [datetime(2024, 5, 29, 16, 26, 40), None]
    frame = pl.DataFrame({"x": [value, None]})
    frame.write_parquet(tmp_path / "rows.parquet")
    frame.write_ndjson(tmp_path / "rows.jsonl")
    rows.write_csv(tmp_path / "moments.csv")
    for name in ("rows.csv", "rows.parquet", "rows.jsonl", "moments.csv"):
        assert_frame_equal(scored(tmp_path / name, recipe), rows)
    assert_frame_equal(trained(tmp_path / "rows.parquet", (form,), kinds={"x": "timestamp"})[0], rows)


STORED = {
    "boolean": pl.Series("x", [True, False, None]),
    "whole": pl.Series("x", [1, 20, None]),
    "real": pl.Series("x", [1.0, -0.0, None]),
    "decimal": pl.Series("x", ["1.00", "2.50", None]).cast(pl.Decimal(10, 2)),
}


@pytest.mark.parametrize(
    ("stored", "texts"),
    [
        ("boolean", ["True", "FALSE", ""]),
        ("whole", ["1.0", "20.0", ""]),
        ("real", ["1.0", "-0.0", "NA"]),
        ("decimal", ["1", "2.5", ""]),
        ("decimal", ["1.00", "2.50", ""]),
    ],
)
def test_a_category_is_the_same_however_a_file_spells_it(tmp_path, stored, texts):
    typed, spelt = tmp_path / "rows.parquet", written(tmp_path / "rows.csv", {"x": texts})
    STORED[stored].to_frame().write_parquet(typed)
    for first, second in ((typed, spelt), (spelt, typed)):
        rows, recipe = trained(first, kinds={"x": "categorical"})
        assert_frame_equal(scored(first, recipe), rows)
        assert_frame_equal(scored(second, recipe), rows)


@pytest.mark.parametrize("texts", [["007", "1.0"], ["1.0", "1.0.1"], ["True", "maybe"], ["1e3", "1.0"]])
def test_texts_that_only_partly_look_like_values_stay_as_they_are(tmp_path, texts):
    rows, recipe = trained(written(tmp_path / "rows.csv", {"x": texts}), kinds={"x": "categorical"})
    assert rows["x"].to_list() == texts
    assert recipe.columns[0].spells is None


@pytest.mark.parametrize("kind", ["categorical", "numeric", "integer", "boolean", "timestamp", "text"])
@pytest.mark.parametrize(
    "values",
    [
        pl.Series([datetime(2024, 1, 31)]).cast(pl.Date),
        pl.Series([datetime(2024, 1, 31, 12)]).dt.replace_time_zone("Europe/Berlin"),
        pl.Series([1.0, float("nan")]),
        pl.Series([0.5]),
        pl.Series([2**63], dtype=pl.UInt64),
        pl.Series(["1", "0"], dtype=pl.Categorical),
        pl.Series([90_000_000]).cast(pl.Duration("us")),
        pl.Series([datetime(2024, 1, 31, 12)]).dt.time(),
    ],
)
def test_stored_values_are_read_alike_or_refused_alike(tmp_path, kind, values):
    values.rename("x").to_frame().write_parquet(tmp_path / "rows.parquet")
    good = GOOD.get(kind, "a")
    _, recipe = trained(written(tmp_path / "good.csv", {"x": [good]}), kinds={"x": kind})
    try:
        rows, _ = trained(tmp_path / "rows.parquet", kinds={"x": kind})
    except DataError:
        with pytest.raises(DataError, match="column 'x' must be"):
            scored(tmp_path / "rows.parquet", recipe)
    else:
        assert_frame_equal(scored(tmp_path / "rows.parquet", recipe), rows)


def test_a_null_value_of_training_is_missing_when_rows_are_scored(tmp_path):
    path = written(tmp_path / "rows.csv", {"x": ["1", " -9 ", "?", ""]})
    rows, recipe = trained(path, null_values=("-9", "?"))
    assert isinstance(recipe.steps[0], NullValues)
    assert scored(path, recipe)["x"].to_list() == rows["x"].to_list() == [1, None, None, None]


def test_a_broken_rule_names_the_row_alike(tmp_path):
    from headway.contracts import Outside

    good = written(tmp_path / "good.csv", {"x": ["01.02.2024"]})
    bad = written(tmp_path / "bad.csv", {"x": ["01.02.2024", "31.12.2029"]})
    rules, dates = {"x": Rule(max="2025-01-01")}, ("%d.%m.%Y",)
    with pytest.raises(DataError, match=r"31 00:00:00 \(row 2\)"):
        trained(bad, dates, rules=rules)
    _, recipe = trained(good, dates, rules=rules)
    outside = Outside(recipe.steps)
    outside.add(scored(bad, recipe).lazy())
    with pytest.raises(DataError, match=r"31 00:00:00 \(row 2\)"):
        outside.refuse()
