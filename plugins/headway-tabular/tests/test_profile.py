"""A profile says what a table holds, in little space, and gives rules that the same table keeps."""

import re
import subprocess
import sys
from datetime import datetime, timedelta
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import yaml
from headway.errors import UsageError
from headway.testing import tiny_table
from headway_tabular.quality import profile as profiling
from headway_tabular.quality.command import Data
from headway_tabular.quality.profile import is_skewed, profile
from headway_tabular.quality.profile_page import figure, lines, page, share
from headway_tabular.quality.profile_rules import fragment
from headway_tabular.quality.rules import Rule
from headway_tabular.quality.validation import violations
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

START = datetime(2020, 1, 1)


def of(frame, name, **options):
    return next(column for column in profile(frame.lazy(), **options).columns if column.name == name)


def test_numbers_are_described_as_numpy_does():
    values = np.random.default_rng(0).lognormal(0, 1, 500) - 1
    column = of(pl.DataFrame({"x": [*values, None, float("nan"), float("inf"), 0.0]}), "x")
    finite = np.append(values, 0.0)
    numbers = column.numbers
    assert (column.missing, numbers.infinite, numbers.zeros) == (2, 1, 1)
    assert numbers.negatives == (finite < 0).sum()
    assert (numbers.low, numbers.high) == (finite.min(), finite.max())
    assert (numbers.mean, numbers.sd) == (pytest.approx(finite.mean()), pytest.approx(finite.std(ddof=1)))
    assert numbers.quantiles == pytest.approx(np.quantile(finite, profiling.QUANTILES))
    assert sum(numbers.counts) == len(finite)


def test_the_most_frequent_values_and_the_rest_are_counted():
    words = ["a"] * 5 + ["b"] * 3 + [f"w{i:02}" for i in range(20)] + [None] * 2
    column = of(pl.DataFrame({"x": words}), "x")
    assert column.top[:3] == (("a", 5), ("b", 3), ("w00", 1))
    assert (len(column.top), column.rest, column.missing, column.distinct) == (10, 12, 2, 22)


@pytest.mark.parametrize("kind", ["text", "identifier"])
def test_values_that_are_as_good_as_rows_are_not_shown(kind):
    frame = pl.DataFrame({"x": [f"Dear Ms. Number{i}" for i in range(30)]})
    found = profile(frame.lazy(), {"x": kind})
    assert "Number1" not in page(found, "t") + str(list(lines(found))) + fragment(found, "t", "t")
    assert found.columns[0].texts.longest == 17


def test_times_have_a_range_a_step_and_a_gap():
    hours = [*range(24), *range(40, 64)]
    column = of(pl.DataFrame({"at": [START + timedelta(hours=h) for h in hours] * 2}), "at")
    times = column.times
    assert (times.first, times.last) == (START, START + timedelta(hours=63))
    assert (times.step, times.gap, times.after) == (
        timedelta(hours=1),
        timedelta(hours=17),
        START + timedelta(hours=23),
    )


def test_whole_numbers_of_few_values_have_a_bin_each():
    numbers = of(pl.DataFrame({"x": [1, 1, 2, 5]}), "x").numbers
    assert (numbers.edges, numbers.counts) == ((0.5, 1.5, 2.5, 3.5, 4.5, 5.5), (2, 1, 0, 0, 1))


def test_one_moment_long_ago_is_a_histogram_too():
    times = of(pl.DataFrame({"x": [datetime(1, 1, 1)] * 60 + [None]}), "x").times
    assert (times.first, sum(times.counts)) == (datetime(1, 1, 1), 60)


def test_a_column_of_infinite_numbers_alone_is_told():
    column = of(pl.DataFrame({"x": [float("inf"), float("-inf")]}), "x")
    assert column.numbers is None
    assert column.warnings == ("infinite values",)


def test_a_few_far_values_do_not_squeeze_the_histogram():
    values = np.append(np.random.default_rng(0).normal(size=1000), [1e9, -1e9])
    numbers = of(pl.DataFrame({"x": values}), "x").numbers
    assert sum(count > 10 for count in numbers.counts) > 8
    assert sum(numbers.counts) == 1002


@pytest.mark.parametrize(
    ("values", "warning"),
    [
        (pl.Series([None, None], dtype=pl.Int64), "all missing"),
        (["a", "a"], "constant"),
        ([1.0, None, None], "67% missing"),
        (["1", "2.5", "x", "4"], "mixed: 1 of 4 are no numbers"),
        ([f"u{i}" for i in range(80)], "nearly unique"),
        ([i % 1001 for i in range(4004)], None),
        ([f"c{i % 1001}" for i in range(4004)], "many categories"),
        ([float(i) ** 6 for i in range(200)], "skewed"),
        ([0.0] * 95 + [1.0, 2.0, 3.0, 4.0, 5.0], "mostly zero"),
        ([1.0, float("inf")], "infinite values"),
        ([1, 2, 3], None),
    ],
)
def test_what_deserves_a_look_is_said(values, warning):
    warnings = of(pl.DataFrame({"x": values}), "x").warnings
    assert (warning in warnings) if warning else not warnings


def test_skewness_is_judged_by_the_tails():
    assert not is_skewed((0, 1, 2, 3, 4, 5, 6))
    assert is_skewed((0, 0, 0, 1, 2, 20, 99))
    assert not is_skewed((1,) * 7)


def test_large_tables_are_sampled_and_it_is_said(monkeypatch):
    monkeypatch.setattr(profiling, "SAMPLE", 300)
    frame = tiny_table(3000)
    whole, sampled = tiny_table(3000).lazy(), profile(frame.lazy())
    assert (sampled.rows, sampled.is_sampled) == (3000, True)
    assert 200 < sampled.sample < 400
    age = next(column for column in sampled.columns if column.name == "age")
    assert (age.numbers.low, age.numbers.high) == (frame["age"].min(), frame["age"].max())
    assert age.numbers.quantiles[3] == pytest.approx(frame["age"].median(), abs=4)
    assert "sample of" in page(sampled, "t")
    assert profile(whole) == sampled


@settings(deadline=None, max_examples=30)
@given(
    values=st.lists(st.one_of(st.none(), st.floats(width=64)), max_size=30),
    words=st.lists(st.one_of(st.none(), st.text()), max_size=30),
)
def test_any_table_has_a_profile_a_page_and_rules_that_it_keeps(values, words):
    rows = max(len(values), len(words), 1)
    frame = pl.DataFrame(
        {
            "x": pl.Series((values + [None] * rows)[:rows], dtype=pl.Float64),
            "<w>: #": pl.Series((words + [None] * rows)[:rows], dtype=pl.String),
        }
    )
    found = profile(frame.lazy())
    assert page(found, "t").startswith("<!doctype html>")
    assert len(list(lines(found))) == 2
    assert kept(frame, found)


def kept(frame, found):
    """Whether the rules inferred from a frame hold for it, and are all there."""
    config = yaml.safe_load(fragment(found, "rows", "rows_rules"))
    assert set(config) == {"kinds", "rules"}
    assert list(config["rules"]) == list(config["kinds"]) == frame.columns
    rules = {name: TypeAdapter(Rule).validate_python(rule) for name, rule in config["rules"].items()}
    return violations(frame.lazy(), rules) == []


def test_inferred_rules_hold_for_the_table_and_not_for_another():
    frame = tiny_table(400).with_columns(at=pl.Series([START + timedelta(days=i) for i in range(400)]))
    found = profile(frame.lazy(), target="income")
    assert kept(frame, found)
    config = yaml.safe_load(fragment(found, "rows", "rows_rules"))
    rules = {name: Rule(**rule) for name, rule in config["rules"].items()}
    assert rules["age"] == Rule(missing=False, min=17, max=89, tolerance=0.1)
    assert rules["work"].missing is True
    assert rules["at"].min == "2020-01-01T00:00:00"
    odd = frame.with_columns(age=pl.lit(200), education=pl.lit("none"), member=None, at=pl.lit(datetime(2030, 1, 1)))
    broken = {(found.column, found.rule) for found in violations(odd.cast({"member": pl.Boolean}).lazy(), rules)}
    assert broken == {("age", "max"), ("education", "categories"), ("member", "missing"), ("at", "max")}


def test_the_page_is_small_whatever_the_rows_and_the_values():
    def wide(rows):
        random = np.random.default_rng(0)
        words = [("w" * 5000) + str(i % 40) for i in range(rows)]
        return pl.DataFrame({f"c{i}" * 50: random.normal(size=rows) for i in range(30)} | {"w" * 3000: words})

    small, large = (page(profile(wide(rows).lazy()), "t") for rows in (100, 5000))
    assert len(large) < 1.1 * len(small)
    assert len(large) < 4096 * 32 + 8192


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.text = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.ids += [value for name, value in attributes if name == "id"]
        self.links += [value for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_stands_alone_and_nothing_of_the_data_is_markup():
    evil = "<script>alert(1)</script>"
    frame = tiny_table(60).with_columns(pl.lit(evil).alias(evil))
    parsed = Page(page(profile(frame.lazy(), target=evil), evil))
    assert "script" not in parsed.tags
    assert evil in "".join(parsed.text)
    assert [link.removeprefix("#") for link in parsed.links] == parsed.ids
    assert "url(" not in page(profile(frame.lazy()), "t")


def test_the_same_rows_give_the_same_page():
    first, second = (page(profile(tiny_table(500).lazy()), "t") for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (17.0, "17"),
        (1234567, "1,234,567"),
        (0.123456, "0.1235"),
        (-2.5, "−2.5"),
        (1e300, "1e+300"),
        (1e-9, "1e−09"),
    ],
)
def test_figures_are_short(value, text):
    assert figure(value) == text


def test_shares_are_never_rounded_to_all_or_nothing():
    assert [share(n, 100_000) for n in (0, 1, 5_000, 99_999, 100_000)] == ["0 %", "< 0.1 %", "5 %", "> 99.9 %", "100 %"]


def arguments(*words, **options):
    return SimpleNamespace(
        action="profile", words=list(words), **({"html": None, "rules": None, "force": False} | options)
    )


def test_a_bare_file_is_profiled_in_the_terminal(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    path.write_text(tiny_table(100).write_csv())
    assert Data.run(arguments(str(path)), SimpleNamespace()) == 0
    out = capsys.readouterr().out
    assert out.startswith("rows.csv: 100 rows\n")
    assert re.search(r"^hours +numeric +\d+ % +\d+ ", out, re.MULTILINE)


def test_a_name_of_two_lines_is_printed_in_one(tmp_path, capsys):
    path = tmp_path / "rows.parquet"
    pl.DataFrame({"new\nline": [1, 2], "b": ["\x1b[31m", "x"]}).write_parquet(path)
    Data.run(arguments(str(path)), SimpleNamespace())
    out = capsys.readouterr().out
    assert re.search(r"^new\\nline +integer ", out, re.MULTILINE)
    assert "\x1b" not in out


def test_a_folder_is_no_file_to_write(tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        Data.run(arguments("rows.csv", html=tmp_path, force=True), SimpleNamespace())


def test_files_are_written_once(tmp_path, capsys):
    path, html, rules = tmp_path / "rows.csv", tmp_path / "a.html", tmp_path / "a.yaml"
    path.write_text(tiny_table(100).write_csv())
    options = {"html": html, "rules": rules}
    Data.run(arguments(str(path), **options), SimpleNamespace())
    assert capsys.readouterr().out.endswith(f"{html}\n{rules}\n")
    rules.write_text("edited")
    with pytest.raises(UsageError, match="exists"):
        Data.run(arguments(str(path), rules=rules), SimpleNamespace())
    assert rules.read_text() == "edited"
    Data.run(arguments(str(path), rules=rules, force=True), SimpleNamespace())
    assert rules.read_text().startswith("# @package data\n")


@pytest.mark.parametrize(
    ("words", "options", "part"),
    [
        (("nothing.csv",), {}, "there is no file"),
        (("a.csv", "b.csv"), {}, "one file at a time"),
        (("a.csv",), {"action": "profil"}, "did you mean 'profile'"),
    ],
)
def test_what_cannot_be_profiled_is_said(words, options, part):
    given_words = arguments(*words)
    with pytest.raises(UsageError, match=re.escape(part)):
        Data.run(SimpleNamespace(**(vars(given_words) | options)), SimpleNamespace())


def test_an_experiment_is_profiled_and_its_rules_compose_with_it(project):
    odd = pl.Series("odd", ["${seed}", "no", "a: b", "#", " x"] * 20)
    project.write("rows.csv", tiny_table(100).with_columns(odd).write_csv())
    project.write("configs/data/census.yaml", "use: table\npath: rows.csv\ntarget: income\ndrop: [spending]\n")
    experiment = "# @package _global_\ndefaults:\n  - override /data: {}\nname: demo\npipeline: [data]\n"
    project.write("configs/experiment/demo.yaml", experiment.format("census"))
    done = project.headway("data", "profile", "experiment=demo", "--rules", "configs/data/census_rules.yaml")
    assert done.returncode == 0, done.stderr
    assert "income (target)" in done.stdout
    assert "spending" not in done.stdout
    project.write("configs/experiment/demo.yaml", experiment.format("[census, census_rules]"))
    done = project.headway("run", "experiment=demo")
    assert done.returncode == 0, done.stderr


MEASURED = """
import resource, sys
import polars as pl
from headway_tabular.quality.leakage import findings
from headway_tabular.quality.profile import profile
from headway_tabular.quality.rules import Rule
from headway_tabular.quality.validation import violations
from headway.contracts import ROW, Column, Schema, Target

rows = pl.scan_parquet(sys.argv[1])
profile(rows.drop(ROW))
assert violations(rows, {"a": Rule(min=50, missing=False), "c": Rule(pattern="k[0-9]")})
columns = (Column("a", "numeric", "Float64"), Column("c", "categorical", "String"), Column("y", "integer", "Int64"))
splits = {name: rows.filter(pl.col(ROW) % 3 == part) for part, name in enumerate(("train", "validation", "test"))}
findings(Schema(columns, (Target("y", "classification", (0, 1)),)), splits)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
def test_memory_does_not_grow_with_the_rows(tmp_path):
    peaks = []
    for rows in (5_000_000, 25_000_000):  # both more than all samples
        path = tmp_path / f"{rows}.parquet"
        row = pl.int_range(rows, eager=False).alias("__row__")
        pl.select(row).lazy().with_columns(
            a=pl.col("__row__").hash(1) % 1000 / 10,
            c=pl.lit("k") + (pl.col("__row__").hash(2) % 100).cast(pl.String),
            y=(pl.col("__row__").hash(3) % 2).cast(pl.Int64),
        ).sink_parquet(path)
        done = subprocess.run([sys.executable, "-c", MEASURED, path], capture_output=True, text=True, check=True)
        peaks.append(float(done.stdout))
    assert peaks[1] - peaks[0] < 200  # MB; the rows that are more take some 800 MB, and polars reads ahead by chance
