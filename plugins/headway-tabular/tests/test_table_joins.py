"""Further tables and earlier rows in a data stage."""

import datetime

import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW
from headway_tabular.data.joining import JoinConfig, WindowConfig
from headway_tabular.quality.rules import Rule
from headway_tabular.table import Table


@pytest.fixture
def visits(tmp_path):
    """Rows in time, and two further tables."""
    day = datetime.datetime(2024, 1, 1)
    moments = [day + datetime.timedelta(hours=hour) for hour in range(120)]
    rows = pl.DataFrame({
        "at": moments, "shop": ["a", "b", "c"] * 40, "spent": [float(i % 7) for i in range(120)],
        "again": ["yes", "no", "yes", "yes", "no"] * 24,
    })  # fmt: skip
    rows.write_parquet(tmp_path / "visits.parquet")
    pl.DataFrame({"shop": ["a", "b"], "size": [10, 20]}).write_csv(tmp_path / "shops.csv")
    weather = pl.DataFrame({"time": moments[::6], "rain": [float(i) for i in range(20)]})
    weather.write_csv(tmp_path / "weather.csv")
    return tmp_path, rows


def visiting(folder, **fields):
    return Table(path=str(folder / "visits.parquet"), target="again", time="at", **fields)


def test_further_tables_and_earlier_rows_are_joined_as_they_were_known(visits, make_context):
    folder, rows = visits
    data = visiting(
        folder,
        join={
            "shops": JoinConfig(path=str(folder / "shops.csv"), by=("shop",)),
            "weather": JoinConfig(path=str(folder / "weather.csv"), time="time", delay="2h", tolerance="12h"),
        },
        windows={"spent_before": WindowConfig(take="last", of="spent", by=("shop",))},
    ).run(make_context())
    found = pl.concat([split.collect() for split in data.splits.values()]).sort(ROW)
    assert found["shops_size"].to_list() == [10, 20, None] * 40
    assert found["weather_rain"].to_list() == [None, None, *(float((hour - 2) // 6) for hour in range(2, 120))]
    assert found["spent_before"].to_list() == [None] * 3 + rows["spent"].to_list()[:-3]
    tables = {name: pl.scan_csv(folder / f"{name}.csv", infer_schema=False) for name in ("shops", "weather")}
    again = data.recipe.apply(pl.scan_parquet(folder / "visits.parquet"), tables).collect()
    assert again["weather_rain"].to_list() == found["weather_rain"].to_list()


def test_a_window_over_what_is_known_later_must_say_since_when(visits, make_context):
    folder, _ = visits

    def run(name, **window):
        window = WindowConfig(take="last", of="twice", by=("shop",), **window)
        made = visiting(folder, derive={"twice": "spent * 2"}, windows={"w": window}, available_at={"spent": "after"})
        return made.run(make_context(name))

    with pytest.raises(DataError, match=r"data\.windows\.w takes 'twice'") as caught:
        run("rash")
    assert "delay" in caught.value.hint
    schema = run("late", delay="1h").schema
    assert {"spent", "twice"} <= set(schema.late)
    assert "w" in {column.name for column in schema.inputs}


def test_a_rule_that_leaves_rows_out_needs_its_column_unless_it_is_known_later(visits, make_context):
    folder, _ = visits
    rules = {
        "again": Rule(categories=("yes", "no"), otherwise="drop"),
        "spent": Rule(max=5, otherwise="drop"),
    }
    window = {"visits": WindowConfig(take="count", by=("shop",))}
    recipe = visiting(folder, rules=rules, windows=window).run(make_context("known")).recipe
    assert recipe.needs({"visits"}) == ("at", "shop", "spent")
    assert recipe.judges({"visits"}) == ("spent", "again")
    late = visiting(folder, rules=rules, windows=window, available_at={"spent": "after"}).run(make_context("late"))
    assert late.recipe.needs({"visits"}) == ("at", "shop")


def test_what_a_key_that_is_known_later_brings_is_known_no_sooner(visits, make_context):
    folder, _ = visits
    shops = {"shops": JoinConfig(path=str(folder / "shops.csv"), by=("shop",))}
    schema = visiting(folder, join=shops, available_at={"shop": "after"}).run(make_context()).schema
    assert set(schema.late) == {"shop", "shops_size"}


def test_a_column_that_is_made_never_takes_the_place_of_another(visits, make_context):
    folder, rows = visits
    rows.with_columns(shops_size=5).write_parquet(folder / "visits.parquet")
    shops = {"shops": JoinConfig(path=str(folder / "shops.csv"), by=("shop",))}
    last = WindowConfig(take="last", of="spent", by=("shop",))

    def refused(name, **fields):
        with pytest.raises(DataError) as caught:
            visiting(folder, **fields).run(make_context(name))
        return caught.value

    joined = refused("joined", join=shops)
    assert joined.what == "data.join.shops makes the column 'shops_size', which the source has too"
    assert "data.join.shops.columns" in joined.hint
    derived = refused("derived", derive={"shop": "spent * 2"})
    assert derived.what == "data.derive.shop makes the column 'shop', which the source has too"
    both = refused("both", derive={"twice": "spent * 2"}, windows={"twice": last})
    assert both.what == "data.windows.twice makes the column 'twice', which data.derive.twice makes too"


def test_a_table_that_is_only_looked_back_on_brings_no_columns(visits, make_context):
    folder, _ = visits
    data = visiting(
        folder,
        join={"weather": JoinConfig(path=str(folder / "weather.csv"), time="time", columns=())},
        windows={"wet": WindowConfig(take="mean", of="rain", table="weather", over="1d")},
    ).run(make_context())
    assert "weather_rain" not in data.schema.by_name
    assert data.schema.column("wet").kind == "numeric"
