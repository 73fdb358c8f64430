import argparse
import gzip
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from headway.contracts import Limits, Recipe
from headway.errors import DataError, UsageError
from headway_deployment import reading
from headway_deployment.command import Predict
from headway_deployment.prediction import predict
from hypothesis import given, settings
from hypothesis import strategies as st


def read(path):
    return {".csv": pl.read_csv, ".jsonl": pl.read_ndjson, ".parquet": pl.read_parquet}[path.suffix](path)


@pytest.fixture
def score(predictor, names, tmp_path):
    def to(source, target="scored.parquet", keep=()):
        predict(predictor, names, source, tmp_path / target, keep)
        return read(tmp_path / target)

    return to


@pytest.mark.parametrize("suffix", reading.READABLE)
def test_every_format_gives_the_scores_of_the_dataset(suffix, write, score, table, predictor, names):
    expected = predictor.open(names)(table)["probability"]
    found = score(write(suffix))
    assert found.columns == ["probability[<=50K]", "probability[>50K]", "label"]
    np.testing.assert_array_equal(found.select(pl.exclude("label")).to_numpy(), expected)
    assert found["label"].to_list() == [("<=50K", ">50K")[code] for code in expected.argmax(axis=1)]


@pytest.mark.parametrize("target", ["scored.csv", "scored.jsonl", "scored.parquet"])
def test_every_output_format_holds_the_same_scores(target, write, score):
    expected, found = score(write(".csv"), "reference.parquet"), score(write(".csv"), target)
    assert found.columns == expected.columns
    assert found["label"].equals(expected["label"])
    np.testing.assert_array_equal(found.select(pl.exclude("label")).to_numpy().astype(np.float32),
                                  expected.select(pl.exclude("label")).to_numpy())  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_batches_keep_the_order_of_rows(suffix, write, score, table, monkeypatch):
    monkeypatch.setattr(reading, "BATCH", 7)
    numbered = table.with_row_index("n")
    found = score(write(suffix, numbered), keep=("n", "age"))
    assert found["n"].cast(pl.Int64).to_list() == list(range(len(table)))
    assert found["age"].cast(pl.Int64).equals(table["age"])


def test_columns_are_kept_as_they_stand_in_the_file(tmp_path, score):
    lines = ["id,age,hours,work,education,note", '007, 31,?,public,never seen,"a,""b"', ",,,,,"]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    found = score(tmp_path / "rows.csv", keep=("note", "id", "age"))
    assert found.columns[:3] == ["note", "id", "age"]
    assert found.select("note", "id", "age").rows() == [('a,"b', "007", " 31"), (None, None, None)]


def test_all_columns_are_kept_if_asked(write, score, table):
    found = score(write(".parquet"), keep=None)
    assert found.select(table.columns).equals(table)


def test_missing_and_never_seen_values_are_scored(tmp_path, score):
    (tmp_path / "rows.csv").write_text("age,hours,work,education\n?,,martian,?\n40,40,none,school\n")
    found = score(tmp_path / "rows.csv")
    assert found["probability[>50K]"].to_list() == [0.5, 0.5]


def test_missing_columns_are_all_named_with_the_nearest(tmp_path, score):
    (tmp_path / "rows.csv").write_text("agee,hours,income\n1,2,3\n")
    with pytest.raises(DataError) as caught:
        score(tmp_path / "rows.csv")
    assert "lacks 3 column(s): 'age' (did you mean 'agee'?), 'work', 'education'" in caught.value.what
    (tmp_path / "rows.csv").write_text("age,hours,work,education\n")
    with pytest.raises(DataError, match="'note'"):
        score(tmp_path / "rows.csv", keep=("note",))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_wrong_values_are_counted_over_the_whole_file_with_the_first_row(suffix, write, score, table, monkeypatch,
                                                                        tmp_path):  # fmt: skip
    monkeypatch.setattr(reading, "BATCH", 20)
    age, hours = table["age"].cast(pl.String).to_list(), table["hours"].cast(pl.String).to_list()
    age[50], age[90], hours[61] = "old", "older", "1O"
    frame = table.with_columns(age=pl.Series(age), hours=pl.Series(hours))
    (tmp_path / "scored.parquet").write_bytes(b"what was there")
    with pytest.raises(DataError) as caught:
        score(write(suffix, frame))
    assert "column 'age' must be Int64: 2 value(s) are not, the first in row 51: 'old'" in caught.value.what
    assert "column 'hours' must be Float64: 1 value(s) are not, the first in row 62: '1O'" in caught.value.what
    assert (tmp_path / "scored.parquet").read_bytes() == b"what was there"
    assert not list(tmp_path.glob(".*partial"))


def limited(predictor, *steps):
    return replace(predictor, recipe=replace(predictor.recipe, steps=(*predictor.recipe.steps, *steps)))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_rows_that_rules_of_the_data_do_not_allow_are_refused_with_counts_over_the_whole_file(
    suffix, write, table, predictor, names, tmp_path, monkeypatch
):
    monkeypatch.setattr(reading, "BATCH", 20)
    held = limited(predictor, Limits("age", "drop", high=120), Limits("work", categories=("private",), required=True))
    frame = table[:60].with_columns(age=30, work=pl.lit("private"))
    predict(held, names, write(suffix, frame), tmp_path / "scored.csv")
    row = pl.int_range(60)
    odd = frame.with_columns(
        age=pl.when(row.is_in([3, 50])).then(200).otherwise(30),
        work=pl.when(row == 25).then(pl.lit("?")).otherwise(pl.lit("private")),
    )
    with pytest.raises(DataError) as caught:
        predict(held, names, write(suffix, odd), tmp_path / "scored.csv")
    assert caught.value.what == "age: 2 values above 120: 200 (row 4), 200 (row 51); work: 1 value missing: row 26"
    with pytest.raises(DataError, match="age: 2 values above 120"):
        held.open(names).raw(odd)


def test_values_are_clipped_and_missing_as_they_were_in_training(write, score, table, predictor, names, tmp_path):
    held = limited(predictor, Limits("age", "clip", low=30, high=50))
    predict(held, names, write(".csv"), tmp_path / "held.parquet")
    expected = score(write(".csv", table.with_columns(pl.col("age").clip(30, 50))))
    assert read(tmp_path / "held.parquet").equals(expected)


def test_a_fraction_where_an_integer_is_needed_is_not_cut(write, score, table):
    with pytest.raises(DataError, match=r"first in row 1: 39\.5"):
        score(write(".parquet", table.with_columns(age=pl.lit(39.5))))
    whole = score(write(".parquet", table.with_columns(pl.col("age").cast(pl.Float64))), "whole.parquet")
    assert whole.equals(score(write(".parquet"), "plain.parquet"))


def test_nested_values_are_wrong_values(write, score, table):
    with pytest.raises(DataError, match=f"column 'age' must be Int64: {len(table)} value"):
        score(write(".parquet", table.with_columns(age=pl.concat_list("age", "age"))))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("rows.csv", b"", "cannot be read"),
        ("rows.csv", b"age,hours,work,education\n1,2,\xff\xfe,b\n", "cannot be read"),
        (
            "rows.csv.gz",
            gzip.compress(b"age,hours,work,education\n" + b"1,2,a,b\n" * 500, mtime=0)[:40],
            "cannot be read",
        ),
        ("rows.jsonl.gz", gzip.compress(b'{"age": 1}\n' * 9999, mtime=0)[:40], "cannot be read"),
        ("rows.parquet", b"PAR1 no", "cannot be read"),
        ("rows.jsonl", b'{"age": 1}\n\n{"age": \n', "rows.jsonl:3: not JSON"),
        ("rows.jsonl", b'{"age": 1}\n[1]\n', "rows.jsonl:2: not a JSON object"),
        ("rows.xlsx", b"x", "a format that is not read"),
    ],
)
def test_files_that_cannot_be_read_are_told(name, content, says, tmp_path, score):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        score(tmp_path / name)
    assert says in caught.value.what


def test_a_file_that_is_not_there_names_the_nearest(tmp_path, write, score):
    write(".csv")
    with pytest.raises(DataError) as caught:
        score(tmp_path / "row.csv")
    assert "rows.csv" in caught.value.hint


def test_a_folder_is_no_file_of_rows(tmp_path, score):
    (tmp_path / "rows.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        score(tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("target", "says"),
    [("rows.csv", "is the input"), ("scored.xlsx", "not written"), ("no/scored.csv", "there is no folder"),
     ("folder.csv", "is a folder")],
)  # fmt: skip
def test_targets_that_cannot_be_written_are_told(target, says, tmp_path, write, score):
    source = write(".csv")
    before = source.read_bytes()
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match=says):
        score(source, target)
    assert source.read_bytes() == before


def test_the_input_is_safe_behind_another_name_too(tmp_path, write, score):
    source = write(".csv")
    (tmp_path / "link.csv").symlink_to(source)
    with pytest.raises(UsageError, match="is the input"):
        score(source, "link.csv")


def test_a_failure_half_way_leaves_what_was_there(tmp_path, write, score, monkeypatch):
    monkeypatch.setattr(reading, "BATCH", 10)
    score(write(".csv"), "scored.csv")
    before = (tmp_path / "scored.csv").read_bytes()

    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("headway_deployment.prediction.os.fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        score(write(".csv"), "scored.csv")
    assert (tmp_path / "scored.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "scored.csv"]


def test_a_file_without_rows_gives_one_with_the_columns(tmp_path, score):
    (tmp_path / "rows.csv").write_text("age,hours,work,education\n")
    found = score(tmp_path / "rows.csv")
    assert found.columns == ["probability[<=50K]", "probability[>50K]", "label"]
    assert len(found) == 0


def test_a_kept_column_must_not_hide_a_score(tmp_path, score):
    (tmp_path / "rows.csv").write_text("age,hours,work,education,label\n1,2,a,b,c\n")
    with pytest.raises(DataError, match="label"):
        score(tmp_path / "rows.csv", keep=("label",))


WORDS = {
    "work": st.text(),
    "education": st.sampled_from(["master", "?", " master "]),
    "note": st.text() | st.booleans(),
}
NUMBERS = {"age": st.integers(-5, 130), "hours": st.floats(-100, 100)}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in (NUMBERS | WORDS).items()}),
    min_size=1,
    max_size=20,
)


@settings(max_examples=30)
@given(rows=ROWS)
def test_json_lines_are_scored_like_the_rows_they_hold(rows, predictor, names, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    predict(predictor, names, folder / "rows.jsonl", folder / "scored.parquet", ("note",))
    found = pl.read_parquet(folder / "scored.parquet")
    frame = pl.DataFrame(rows, schema={"age": pl.Int64, "hours": pl.Float64, "work": pl.String, "education": pl.String,
                                       "note": pl.Object})  # fmt: skip
    expected = predictor.open(names).raw(frame.drop("note"))["probability"]
    np.testing.assert_array_equal(found["probability[>50K]"].to_numpy(), expected[:, 1])


def arguments(*words):
    parser = argparse.ArgumentParser()
    Predict.configure(parser)
    return parser.parse_intermixed_args(list(map(str, words)))


def test_the_command_says_how_many_rows_and_where(saved, write, tmp_path, session, capsys):
    target = tmp_path / "scored.csv"
    assert Predict.run(arguments(saved, write(".csv"), target, "--keep", "age, work"), session) == 0
    said = capsys.readouterr().out
    assert said.startswith("scored 120 rows in ")
    assert said.endswith(f"{target}\n")
    assert read(target).columns[:3] == ["age", "work", "probability[<=50K]"]
    Predict.run(arguments(saved, write(".csv"), target, "--keep-all"), session)
    assert "education" in read(target).columns


def test_the_command_refuses_a_package_that_was_tampered_with(saved, write, tmp_path, session):
    (saved / "predictor/graph/scale.json").write_bytes(b"9.0")
    with pytest.raises(Exception, match=r"scale\.json was changed"):
        Predict.run(arguments(saved, write(".csv"), tmp_path / "scored.csv"), session)
    assert not (tmp_path / "scored.csv").exists()


MEMORY = """
import resource, sys, pathlib
sys.path.insert(0, sys.argv[1])
import importlib.util
spec = importlib.util.spec_from_file_location("toy", sys.argv[1] + "/conftest.py")
toy = importlib.util.module_from_spec(spec); spec.loader.exec_module(toy)
from headway.contracts import Graph, Output, Predictor, Recipe
from headway.testing import tiny_dataset
from headway_deployment.prediction import predict
schema = tiny_dataset(50).schema
columns = tuple(schema.column(name) for name in ("age", "hours", "work", "education"))
predictor = Predictor(columns, Recipe(), (Output("probability", "probability", ("a", "b")),),
                      Graph("sum", {"scale.json": b"0.05"}))
folder = pathlib.Path(sys.argv[2])
peaks = []
for size in ("small", "large"):
    predict(predictor, toy.Registry(), folder / f"{size}.csv", folder / "scored.parquet")
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(peaks[1] - peaks[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
def test_memory_does_not_grow_with_the_file(tmp_path):
    """The reader runs ahead by a fixed amount (about 200 MB of strings), which the first file already shows."""
    from pathlib import Path

    block = "39,40.0,public,master\n" * 100_000
    for size, blocks in (("small", 30), ("large", 150)):
        with (tmp_path / f"{size}.csv").open("w") as file:
            file.write("age,hours,work,education\n")
            file.writelines([block] * blocks)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(Path(__file__).parent), str(tmp_path)], capture_output=True, text=True,
        check=True, timeout=500, env=os.environ | {"POLARS_MAX_THREADS": "1"},
    )  # fmt: skip
    assert float(done.stdout) < 200  # MB more at the peak; the rows that are more take 960 MB as four strings each


def test_rows_that_break_a_rule_are_refused_or_mended_as_training_rows_were(predictor, names, write, table, tmp_path,
                                                                            monkeypatch):  # fmt: skip
    monkeypatch.setattr(reading, "BATCH", 20)
    age = table["age"].clone()
    age[50] = 130
    source = write(".csv", table.with_columns(age))
    strict = replace(predictor, recipe=Recipe((Limits("age", high=120),)))
    with pytest.raises(DataError, match=r"age: 1 value above 120: 130 \(row 51\)"):
        predict(strict, names, source, tmp_path / "strict.parquet")
    assert not (tmp_path / "strict.parquet").exists()
    with pytest.raises(DataError, match="above 120"):
        strict.open(names).raw(table.with_columns(age))
    clipped = replace(predictor, recipe=Recipe((Limits("age", "clip", high=120),)))
    predict(clipped, names, source, tmp_path / "clipped.parquet")
    age[50] = 120
    predict(predictor, names, write(".csv", table.with_columns(age)), tmp_path / "plain.parquet")
    assert read(tmp_path / "clipped.parquet").equals(read(tmp_path / "plain.parquet"))
