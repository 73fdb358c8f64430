"""Predictions of a recipe that joins tables and sums up earlier rows: those of training, whatever the file."""

import argparse
import gzip
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from headway.contracts import (
    AsOf,
    Check,
    Column,
    Derive,
    Graph,
    Join,
    Limits,
    Measurement,
    NullValues,
    Output,
    Predictor,
    Recipe,
    Report,
    Runtime,
    Schema,
    TableSchema,
    Window,
)
from headway.errors import DataError, UsageError
from headway_deployment import reading
from headway_deployment.command import Predict
from headway_deployment.package import Package
from headway_deployment.prediction import predict

START = datetime(2013, 1, 1)
TYPES = {
    "at": ("timestamp", "Datetime"), "origin": ("categorical", "String"), "tail": ("categorical", "String"),
    "delay": ("integer", "Int64"), "hour": ("timestamp", "Datetime"), "temp": ("numeric", "Float64"),
    "tailnum": ("categorical", "String"), "seats": ("integer", "Int64"),
}  # fmt: skip


def column(name):
    return Column(name, *TYPES[name])


RECIPE = Recipe(
    (
        NullValues(("NA",)),
        Derive("late", "delay > 15"),
        Join("planes", {"tail": "tailnum"}, {"seats": "seats"}),
        AsOf("weather", {"origin": "origin"}, "at", "hour", {"temp": "temp"}, delay="30m", tolerance="4h"),
        Window("previous", "last", {"tail": "tail"}, "at", of="delay", delay="1h"),
        Window("mean_delay", "mean", {"origin": "origin"}, "at", of="delay", over="6h"),
        Window("departures", "count", {"origin": "origin"}, "at", over="3h"),
    ),
    tuple(map(column, ("at", "origin", "tail", "delay"))),
    (
        TableSchema("planes", tuple(map(column, ("tailnum", "seats")))),
        TableSchema("weather", tuple(map(column, ("origin", "hour", "temp"))), ("-",)),
    ),
)
ROWWISE = ("seats", "temp")
WHOLE = (*ROWWISE, "previous", "mean_delay", "departures")


def predictor_of(names):
    kinds = {"seats": "Int64", "previous": "Int64", "departures": "Int64"}
    columns = tuple(Column(name, "numeric", kinds.get(name, "Float64")) for name in names)
    outputs = tuple(Output(name, "value") for name in names)
    return Predictor(columns, RECIPE, outputs, Graph("echo", {}))


class Echo(Runtime):
    """Gives what it takes."""

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        return {name: array.astype(np.float32) for name, array in feeds.items()}


class Names:
    def get(self, kind, name):
        return Echo


def flights():
    numbers = range(200)
    rows = {
        "at": [START + timedelta(minutes=13 * n) for n in numbers],
        "origin": [("EWR", "JFK", None)[n % 3] for n in numbers],
        "tail": [f"N{n % 7}" for n in numbers],
        "delay": [None if n % 11 == 0 else n * 7919 % 61 - 20 for n in numbers],
        "note": ["x"] * 200,
    }
    return pl.DataFrame(rows)


def tables():
    hours = [START + timedelta(hours=n) for n in range(40)]
    weather = pl.DataFrame({"origin": ["EWR", "JFK"] * 20, "hour": hours, "temp": [n / 3 for n in range(40)]})
    return {"planes": pl.DataFrame({"tailnum": [f"N{n}" for n in range(6)], "seats": range(6)}), "weather": weather}


def as_texts(frame):
    return frame.with_columns(pl.all().cast(pl.String).fill_null("NA"))


@pytest.fixture
def write(tmp_path):
    def to(name, frame):
        path = tmp_path / name
        if name.endswith(".parquet"):
            frame.write_parquet(path)
        else:
            text = as_texts(frame)
            text = text.write_ndjson() if ".jsonl" in name else text.write_csv()
            path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return to


@pytest.fixture
def trained():
    """The columns as training saw them, as arrays."""
    lazily = {name: table.lazy() for name, table in tables().items()}
    made = RECIPE.apply(flights().lazy(), lazily).collect()
    return made.select(pl.col(WHOLE).cast(pl.Float32))


@pytest.fixture
def files(write):
    return {name: write(f"{name}.csv", table) for name, table in tables().items()}


def scored(predictor, source, tmp_path, tables, keep=()):
    predict(predictor, Names(), source, tmp_path / "scored.parquet", keep, tables)
    return pl.read_parquet(tmp_path / "scored.parquet")


@pytest.mark.parametrize("batch", [7, 1000])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".csv.gz", ".parquet"])
@pytest.mark.parametrize("names", [ROWWISE, WHOLE])
def test_predictions_are_those_of_training_bit_for_bit(
    names, suffix, batch, write, files, trained, tmp_path, monkeypatch
):
    monkeypatch.setattr(reading, "BATCH", batch)
    given = files | ({"history": write(f"history{suffix}", flights()[:120])} if names == WHOLE else {})
    found = scored(predictor_of(names), write(f"rows{suffix}", flights()[120:]), tmp_path, given, ("note", "tail"))
    assert found.select(names).equals(trained[120:].select(pl.col(names).fill_null(float("nan"))))
    assert found["tail"].to_list() == flights()[120:]["tail"].to_list()


def test_rows_need_no_column_that_is_known_only_later(write, files, trained, tmp_path):
    soon = flights()[120:124].drop("delay", "note")  # an hour, in which no delay of these rows became known
    given = files | {"history": write("history.parquet", flights()[:120])}
    found = scored(predictor_of(("previous", "temp")), write("rows.csv", soon), tmp_path, given)
    expected = trained[120:124].select("previous", "temp").fill_null(float("nan"))
    assert found.equals(expected)


def test_all_tables_that_are_missing_are_told_with_their_columns_and_what_to_type(write, tmp_path):
    with pytest.raises(UsageError) as caught:
        scored(predictor_of(WHOLE), write("rows.csv", flights().drop("delay")), tmp_path, {})
    assert "3 table(s)" in caught.value.what
    assert "'planes' with the columns tailnum, seats" in caught.value.what
    assert "'weather' with the columns origin, hour, temp" in caught.value.what
    assert (
        "'history', the rows before those to be scored, with the columns at, origin, tail, delay" in caught.value.what
    )
    assert caught.value.hint == "add --table planes=FILE --table weather=FILE --table history=FILE"


def test_tables_that_do_not_matter_to_a_predictor_are_not_asked_for(write, files, trained, tmp_path):
    rows = write("rows.csv", flights().select("tail"))
    found = scored(predictor_of(("seats",)), rows, tmp_path, {"planes": files["planes"]})
    assert found["seats"].equals(trained["seats"].fill_null(float("nan")))
    scored(predictor_of(("seats",)), rows, tmp_path, files | {"weather": tmp_path / "not read.csv"})


def test_a_table_of_another_name_is_told(write, files, tmp_path):
    with pytest.raises(UsageError, match=r"--table wether: unknown table 'wether'; did you mean 'weather'\?"):
        scored(predictor_of(ROWWISE), write("rows.csv", flights()), tmp_path, {"wether": files["weather"]})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: table.rename({"temp": "temperature"}), "weather.csv lacks 1 column"),
        (lambda table: table.with_columns(temp=pl.lit("warm")), r"table 'weather': column 'temp' .* 40 value.*'warm'"),
    ],
)
def test_a_table_that_does_not_fit_is_told(change, says, write, files, tmp_path):
    given = files | {"weather": write("weather.csv", change(tables()["weather"]))}
    with pytest.raises(DataError, match=says):
        scored(predictor_of(ROWWISE), write("rows.csv", flights()), tmp_path, given)


def test_rows_that_a_rule_leaves_out_are_refused_where_windows_would_see_them(write, files, tmp_path):
    held = predictor_of(WHOLE)
    rule = Limits("note", "drop", categories=("x",))
    held = replace(held, recipe=replace(RECIPE, steps=(RECIPE.steps[0], rule, *RECIPE.steps[1:])))
    odd = flights().with_columns(note=pl.when(pl.int_range(200) == 7).then(pl.lit("y")).otherwise("note"))
    with pytest.raises(DataError, match=r"note: 1 value not among x: y \(row 8\)"):
        scored(held, write("odd.csv", odd), tmp_path, files)
    with pytest.raises(DataError, match=r"lacks 1 column.*'note'"):
        scored(held, write("rows.csv", flights().drop("note")), tmp_path, files)
    given = files | {"history": write("history.csv", flights()[:120].drop("note"))}
    rows = write("rows.csv", flights()[120:])
    with pytest.raises(DataError, match=r"history.csv lacks 1 column.*'note'"):
        scored(held, rows, tmp_path, given)


@pytest.mark.parametrize("names", [ROWWISE, WHOLE])
def test_values_that_cannot_be_read_are_counted_over_the_whole_file(names, write, files, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BATCH", 20)
    texts = as_texts(flights())
    at = texts["at"].to_list()
    at[50], at[90] = "noon", "night"
    with pytest.raises(DataError) as caught:
        scored(predictor_of(names), write("rows.csv", texts.with_columns(at=pl.Series(at))), tmp_path, files)
    assert "column 'at' must be Datetime: 2 value(s) are not, the first in row 51: 'noon'" in caught.value.what


def test_booleans_and_times_of_a_csv_file_are_read_without_a_recipe(tmp_path):
    columns = (Column("flag", "boolean", "Boolean"), Column("at", "timestamp", "Datetime"))
    plain = Predictor(columns, Recipe(), (Output("flag", "value"), Output("at", "value")), Graph("echo", {}))
    (tmp_path / "rows.csv").write_text("flag,at\ntrue,1970-01-01 00:00\nFalse,1970-01-01T00:00:01Z\n,\n")
    found = scored(plain, tmp_path / "rows.csv", tmp_path, {})
    assert found["flag"].fill_nan(None).to_list() == [1.0, 0.0, None]
    assert found["at"].to_list()[:2] == [0.0, 1e6]


def arguments(*words):
    parser = argparse.ArgumentParser()
    Predict.configure(parser)
    return parser.parse_intermixed_args(list(map(str, words)))


@pytest.fixture
def saved(tmp_path):
    predictor, folder = predictor_of(WHOLE), tmp_path / "package"
    folder.mkdir()
    report = Report("Delays", predictor.digest, 0.95, "none", (Measurement("rmse", "test", 1.0),), "<!doctype html>",
                    checks=(Check("x", "passed", "1"),))  # fmt: skip
    Package("delays", Schema(predictor.columns), predictor, report, {}, {}).save(folder)
    return folder


def test_the_command_takes_tables_by_name(saved, write, files, trained, tmp_path, capsys):
    session = SimpleNamespace(plugins=SimpleNamespace(registry=Named()), resolve=lambda path: saved)
    rows, history = write("rows.csv", flights()[120:]), write("history.csv", flights()[:120])
    words = [saved, rows, tmp_path / "scored.parquet"]
    words += [word for name, path in files.items() for word in ("--table", f"{name}={path}")]
    assert Predict.run(arguments(*words), session) == 0
    assert "--table history=FILE" in capsys.readouterr().err
    assert Predict.run(arguments(*words, "--table", f"history={history}"), session) == 0
    assert not capsys.readouterr().err
    found = pl.read_parquet(tmp_path / "scored.parquet")
    assert found.equals(trained[120:].fill_null(float("nan")))
    for wrong, says in (("weather", "NAME=FILE"), ("weather=x.csv", "given twice")):
        with pytest.raises(UsageError, match=says):
            Predict.run(arguments(*words, "--table", wrong), session)


class Named:
    """The installed plugins' names, and the toy runtime."""

    def get(self, kind, name):
        from headway.plugins import load

        return Echo if kind == "runtime" else load().registry.get(kind, name)
