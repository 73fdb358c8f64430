"""Recipes as a whole: what they need, what of them is needed, how they are kept and replayed."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest
from headway import DataError
from headway.contracts import (
    HISTORY,
    ROW,
    AsOf,
    Column,
    Derive,
    Graph,
    Join,
    Limits,
    NullValues,
    Output,
    Predictor,
    Recipe,
    Runtime,
    TableSchema,
    Window,
    canonical_json,
)
from pydantic import TypeAdapter

START = datetime(2013, 1, 1)
FLIGHTS = Recipe(
    (
        NullValues(("NA",)),
        Derive("late", "delay > 15"),
        Join("planes", {"tail": "tailnum"}, {"seats": "seats", "maker": "maker"}),
        AsOf("weather", {"origin": "place"}, "at", "hour", {"temp": "temp", "wind": "wind"}, tolerance="2h"),
        Window("previous", "last", {"tail": "tail"}, "at", of="delay", delay="2h"),
        Window("share_late", "mean", {"origin": "origin"}, "at", of="late", over="1d", delay="2h"),
        Window("storms", "count", {"origin": "place"}, "at", over="6h", table="weather", event_time="hour"),
        Derive("small", "seats < 100"),
    ),
    columns=(
        Column("at", "timestamp", "Datetime"),
        Column("origin", "categorical", "String"),
        Column("tail", "identifier", "String"),
        Column("delay", "integer", "Int64"),
        Column("note", "text", "String"),
    ),
    tables=(
        TableSchema("planes", (Column("tailnum", "identifier", "String"), Column("seats", "integer", "Int64"),
                               Column("maker", "categorical", "String"))),
        TableSchema("weather", (Column("place", "categorical", "String"), Column("hour", "timestamp", "Datetime"),
                                Column("temp", "numeric", "Float64"), Column("wind", "numeric", "Float64")), ("-",)),
    ),
)  # fmt: skip


def flights(count, first=0):
    """Rows as a CSV file gives them: texts, with NA."""
    numbers = range(first, first + count)
    return pl.DataFrame(
        {
            "at": [str(START + timedelta(minutes=37 * n)) for n in numbers],
            "origin": [("EWR", "JFK", "NA")[n % 3] for n in numbers],
            "tail": [f" N{n % 5} " for n in numbers],
            "delay": ["NA" if n % 7 == 0 else str(n * 7919 % 61 - 20) for n in numbers],
            "note": ["x"] * count,
        }
    )


def tables():
    hours = [str(START + timedelta(hours=n)) for n in range(40)]
    weather = {"place": ["EWR", "JFK"] * 20, "hour": hours, "temp": [f"{n}.5" for n in range(40)], "wind": ["-"] * 40}
    planes = {"tailnum": [f"N{n}" for n in range(4)], "seats": ["20", "200", "NA", "99"], "maker": ["A", "B", "C", "D"]}
    return {"planes": pl.LazyFrame(planes).with_columns(pl.col("seats").replace("NA", None)),
            "weather": pl.LazyFrame(weather)}  # fmt: skip


MADE = ("late", "seats", "maker", "temp", "wind", "previous", "share_late", "storms", "small")


def test_a_recipe_makes_typed_columns_and_leaves_others_and_the_order_alone():
    rows = flights(30).with_row_index(ROW)
    made = FLIGHTS.apply(rows.lazy(), tables()).collect()
    assert made.columns == [ROW, "at", "origin", "tail", "delay", "note", *MADE]
    assert made[ROW].to_list() == list(range(30))
    assert made["delay"].dtype == pl.Int64
    assert made["at"].dtype == pl.Datetime("us")
    assert made["temp"].drop_nulls().len() > 0
    assert made["wind"].null_count() == 30
    assert made["late"].to_list() == [None if d is None else d > 15 for d in made["delay"]]


def test_a_recipe_comes_back_from_json_as_it_was():
    text = canonical_json(FLIGHTS)
    again = TypeAdapter(Recipe).validate_json(text)
    assert again == FLIGHTS
    assert canonical_json(again) == text
    rows = flights(20).lazy()
    assert (
        again.apply(rows, tables()).collect().select(MADE).equals(FLIGHTS.apply(rows, tables()).collect().select(MADE))
    )


def test_an_operation_that_is_none_of_the_closed_ones_is_refused():
    head = json.loads(canonical_json(FLIGHTS))
    head["steps"][1]["op"] = "python"
    with pytest.raises(ValueError, match="op"):
        TypeAdapter(Recipe).validate_python(head)


@pytest.mark.parametrize("name", MADE)
def test_a_part_makes_its_columns_as_the_whole_does(name):
    rows = flights(40)
    part = FLIGHTS.only({name, "note"})
    needed = {*part.needs({name, "note"}), *part.recalls({name, "note"})}
    found = part.apply(rows.select(sorted(needed)).lazy(), tables()).collect()
    assert found[name].equals(FLIGHTS.apply(rows.lazy(), tables()).collect()[name])
    assert len(part.steps) < len(FLIGHTS.steps)


def test_a_part_asks_for_nothing_that_it_does_not_need():
    small = FLIGHTS.only({"small"})
    assert [step.op for step in small.steps] == ["null_values", "join", "derive"]
    assert small.steps[1].columns == {"seats": "seats"}
    assert small.reads() == {"planes": ("tailnum", "seats")}
    assert small.columns == (Column("tail", "identifier", "String"),)
    assert [column.name for column in small.tables[0].columns] == ["tailnum", "seats"]
    assert small.needs({"small"}) == ("tail",)
    assert not small.over_rows
    assert small.only({"small"}) == small


def test_what_is_not_known_yet_is_needed_of_earlier_rows_only():
    assert FLIGHTS.needs({"share_late", "previous"}) == ("at", "origin", "tail")
    assert FLIGHTS.recalls({"share_late"}) == ("at", "origin", "delay")
    assert FLIGHTS.recalls({"temp"}) == ()
    assert FLIGHTS.needs({"late"}) == ("delay",)
    assert FLIGHTS.only({"share_late"}).over_rows


@pytest.mark.parametrize("engine", ["streaming", "in-memory"])
def test_rows_after_their_history_get_what_training_saw(engine):
    made = FLIGHTS.apply(flights(60).lazy(), tables()).collect()[40:]
    names = sorted(set(MADE) - {"late"})
    given = tables() | {HISTORY: flights(40).lazy()}
    found = FLIGHTS.only(names).apply(flights(20, 40).with_row_index(ROW).lazy(), given).collect(engine=engine)
    assert found[ROW].to_list() == list(range(20))
    assert found.select(names).equals(made.select(names))
    assert made["share_late"].drop_nulls().len() > 0


def test_rows_whose_delays_are_not_known_yet_have_those_of_their_history():
    made = FLIGHTS.apply(flights(60).lazy(), tables()).collect()[40:]
    given = tables() | {HISTORY: flights(40).lazy()}
    found = FLIGHTS.only({"previous", "temp"}).apply(flights(20, 40).drop("delay").lazy(), given).collect()
    assert found["temp"].equals(made["temp"])
    soon = pl.col("at") < START + timedelta(minutes=37 * 40, hours=2)  # no delay of the rows themselves is known yet
    assert found.filter(soon)["previous"].equals(made.filter(soon)["previous"])
    assert found.filter(soon)["previous"].drop_nulls().len() > 0


def test_faults_of_the_history_and_of_tables_name_them():
    given = tables() | {HISTORY: flights(5).with_columns(delay=pl.lit("soon")).lazy()}
    with pytest.raises(DataError, match=r"table 'history': column 'delay' must be Int64: 5 .*'soon'"):
        FLIGHTS.apply(flights(5).lazy(), given)
    given = tables() | {"planes": tables()["planes"].with_columns(seats=pl.lit("many"))}
    with pytest.raises(DataError, match=r"table 'planes': column 'seats' must be Int64: 4 .*'many'"):
        FLIGHTS.apply(flights(5).lazy(), given)


def test_the_history_is_held_to_the_rules_of_the_data():
    rules = (Limits("delay", "drop", high=20), Limits("note", "drop", pattern="[a-z ]*"), Limits("tail", "clip"))
    held = replace(FLIGHTS, steps=(FLIGHTS.steps[0], *rules, *FLIGHTS.steps[1:])).only({"previous"})
    assert held.steps[1:3] == rules[:2]
    assert held.needs({"previous"}) == ("at", "tail", "note")
    odd = pl.Series(["!"] * 10 + ["fine"] * 30)
    past = flights(40).with_columns(note=odd)
    number = pl.col("delay").cast(pl.Int64, strict=False)
    fit = past.filter((number <= 20).fill_null(value=True), note="fine")
    assert 0 < fit.height < 30
    rows = flights(20, 40).drop("delay").lazy()
    found = held.apply(rows, {HISTORY: past.lazy()}).collect()["previous"]
    wanted = FLIGHTS.only({"previous"}).apply(rows, {HISTORY: fit.lazy()}).collect()["previous"]
    assert found.equals(wanted)
    assert not found.equals(FLIGHTS.only({"previous"}).apply(rows, {HISTORY: past.lazy()}).collect()["previous"])


STATUS = Recipe(
    (Limits("status", "drop", categories=("ok",)), Window("count", "count", {"k": "k"}, "at")),
    (Column("k", "categorical", "String"), Column("at", "timestamp", "Datetime"),
     Column("status", "categorical", "String")),
)  # fmt: skip


def orders(*status):
    at = [START + timedelta(days=n) for n in range(len(status))]
    return pl.DataFrame({"k": ["a"] * len(status), "at": at, "status": status})


def test_a_rule_that_leaves_rows_out_needs_its_column_where_later_rows_would_see_them():
    assert STATUS.needs({"count"}) == ("k", "at", "status")
    assert STATUS.judges({"count"}) == ("status",)
    assert STATUS.needs({"k"}) == ("k",)
    late = replace(STATUS, steps=(replace(STATUS.steps[0], late=True), *STATUS.steps[1:]))
    assert late.needs({"count"}) == ("k", "at")
    assert late.judges({"count"}) == ("status",)
    held = replace(FLIGHTS, steps=(Limits("delay", "drop", high=20), *FLIGHTS.steps)).only({"previous"})
    assert held.needs({"previous"}) == ("at", "tail")  # a delay is not known yet
    assert held.judges({"previous"}) == ("delay",)


def test_a_value_that_the_history_repeats_counts_once_as_in_training():
    once = Limits("id", "drop", unique=True)
    recipe = replace(STATUS, steps=(once, *STATUS.steps))
    assert recipe.needs({"count"}) == ("k", "at", "status")
    past = orders("ok", "cancelled", "ok", "ok", "ok").with_columns(id=pl.Series([1, 2, 2, 2, None]))
    rows = orders("ok", "ok", "ok", "ok", "ok", "ok")[5:].lazy()
    assert recipe.apply(rows, {HISTORY: past.lazy()}).collect()["count"].to_list() == [3]
    with pytest.raises(DataError, match=r"table 'history': .*'id'"):
        recipe.open({HISTORY: past.drop("id").lazy()})


def test_a_history_without_the_column_of_such_a_rule_is_refused():
    with pytest.raises(DataError, match=r"table 'history': .*'status'"):
        STATUS.open({HISTORY: orders("ok").drop("status").lazy()})


def test_a_predictor_refuses_rows_that_training_left_out_where_later_rows_would_see_them():
    count = (Column("count", "integer", "Int64"),)
    scorer = Predictor(count, STATUS, (Output("count", "value"),), Graph("counted", {})).open(Same())
    assert scorer.raw(orders("ok", "ok", "ok"))["count"].tolist() == [0, 1, 2]
    with pytest.raises(DataError, match=r"status: 1 value not among ok: cancelled \(row 2\)"):
        scorer.raw(orders("ok", "cancelled", "ok"))
    with pytest.raises(DataError, match=r"rows to be scored: .*'status'"):
        scorer.raw(orders("ok").drop("status"))
    given = {HISTORY: orders("ok", "cancelled").lazy()}
    assert scorer.raw(orders("ok", "ok", "ok")[2:], given)["count"].tolist() == [1]


def test_a_history_that_breaks_a_rule_is_refused():
    held = replace(FLIGHTS, steps=(FLIGHTS.steps[0], Limits("delay", high=20), *FLIGHTS.steps[1:])).only({"previous"})
    with pytest.raises(DataError, match=r"table 'history': delay: \d+ values above 20"):
        held.apply(flights(2, 40).drop("delay").lazy(), {HISTORY: flights(40).lazy()})


def test_all_missing_tables_are_named_with_their_columns():
    with pytest.raises(DataError) as caught:
        FLIGHTS.apply(flights(5).lazy())
    assert "2 table(s)" in caught.value.what
    assert "'planes' (tailnum, seats, maker); 'weather' (place, hour, temp, wind)" in caught.value.what


def test_tables_are_read_once_for_any_number_of_frames():
    reads = []

    def counted(frame):
        reads.append(1)
        return frame

    planes = tables()["planes"].map_batches(counted, schema=tables()["planes"].collect_schema())
    recipe = replace(FLIGHTS.only({"seats"}), tables=())
    replay = recipe.open({"planes": planes.with_columns(pl.col("seats").cast(pl.Int64))})
    once = len(reads)
    for _ in range(3):
        replay.apply(flights(5).lazy()).collect()
    assert len(reads) == once


def test_a_replay_stays_lazy():
    def never(_):
        raise AssertionError("read")

    rows = flights(5).with_columns(pl.col("at").str.to_datetime(), pl.lit(1).alias("delay")).lazy()
    unread = rows.map_batches(never, schema=rows.collect_schema())
    assert FLIGHTS.apply(unread, tables()).collect_schema()["temp"] == pl.Float64


class Temperature(Runtime):
    """The temperature, and the share of late flights."""

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        return {"value": (feeds["temp"] + feeds["share_late"]).astype("float32")}


class Names:
    def get(self, kind, name):
        return Temperature


class Counted(Temperature):
    """What it takes."""

    def run(self, feeds):
        return {"count": feeds["count"].astype("float32")}


class Same:
    def get(self, kind, name):
        return Counted


def test_a_predictor_needs_nothing_of_what_made_the_target():
    columns = (Column("temp", "numeric", "Float64"), Column("share_late", "numeric", "Float64"))
    recipe = FLIGHTS
    predictor = Predictor(columns, recipe, (Output("value", "value"),), Graph("temperature", {}))
    assert predictor.source == ("at", "origin")
    made = FLIGHTS.apply(flights(60).lazy(), tables()).collect()[40:]
    scorer = predictor.open(Names())
    given = {"weather": tables()["weather"], HISTORY: flights(40).lazy()}
    found = scorer.raw(flights(20, 40), given)["value"]
    assert pl.Series(found).equals(pl.Series(scorer(made)["value"]))
    assert len(scorer.raw(flights(20, 40).drop("delay", "tail", "note"), given)["value"]) == 20


def test_the_name_of_the_rows_before_is_no_tables():
    with pytest.raises(DataError, match="cannot be named 'history'"):
        Recipe((Join("history", {"a": "b"}, {"c": "d"}),))


def test_columns_of_tables_that_nobody_declared_stay_as_they_are():
    recipe = Recipe((Join("planes", {"tail": "tailnum"}, {"seats": "seats"}),), tables=(TableSchema("planes", ()),))
    rows = flights(3).with_columns(pl.col("tail").str.strip_chars())
    assert recipe.apply(rows.lazy(), tables()).collect()["seats"].to_list() == ["20", "200", None]
