import datetime
import gzip
import zipfile
from dataclasses import replace

import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW, conform
from headway.testing import DatasetSuite, StageSuite, tiny_table
from headway_tabular.data.joining import JoinConfig, WindowConfig
from headway_tabular.quality.rules import Rule
from headway_tabular.sources.options import ReadOptions
from headway_tabular.splits.split import Split
from headway_tabular.table import Query, Table


@pytest.fixture
def table(tmp_path):
    """Writes a frame as a file and gives the stage that reads it."""

    def make(frame=None, name="rows.csv", **fields):
        frame = tiny_table(200) if frame is None else frame
        path = tmp_path / name
        frame.write_parquet(path) if name.endswith("parquet") else path.write_text(frame.write_csv())
        return Table(path=str(path), **({"target": "income"} | fields))

    return make


class TestTable(StageSuite):
    @pytest.fixture
    def stage(self):
        return Table

    @pytest.fixture
    def values(self):
        return {"path": "rows.csv", "target": "income"}


class TestTablesDataset(DatasetSuite):
    @pytest.fixture
    def artifact(self, table, make_context):
        return table().run(make_context())


def test_csv_and_parquet_give_the_same_rows(table, make_context):
    csv, parquet = table().run(make_context()), table(name="rows.parquet").run(make_context())
    assert csv.schema == parquet.schema
    for split in csv.splits:
        assert csv.split(split).collect().equals(parquet.split(split).collect())


def test_compressed_text_is_read(tmp_path, make_context, table):
    plain = table().run(make_context())
    text = tiny_table(200).write_csv().encode()
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(text))
    with zipfile.ZipFile(tmp_path / "rows.csv.zip", "w") as archive:
        archive.writestr("rows.csv", text)
    for name in ("rows.csv.gz", "rows.csv.zip"):
        read = Table(path=str(tmp_path / name), target="income").run(make_context())
        assert read.split("test").collect().equals(plain.split("test").collect())


def test_kinds_are_inferred(table, make_context):
    frame = pl.DataFrame(
        {
            "whole": ["1", "2", None] * 10,
            "real": ["1.5", "2", "-3e2"] * 10,
            "code": ["007", "010", "123"] * 10,
            "flag": ["true", "False", "TRUE"] * 10,
            "day": ["2024-01-31", "2024-02-01", ""] * 10,
            "word": ["a", "b", "c"] * 10,
            "income": ["x", "y", "x"] * 10,
        }
    )
    schema = table(frame).run(make_context()).schema
    kinds = {column.name: column.kind for column in schema.columns}
    assert kinds == {
        "whole": "integer", "real": "numeric", "code": "categorical", "flag": "boolean", "day": "timestamp",
        "word": "categorical", "income": "categorical",
    }  # fmt: skip
    assert schema.column("whole").nullable
    assert not schema.column("word").nullable


@pytest.mark.parametrize(
    ("fields", "place", "what"),
    [
        ({"time": "day", "windows": {"x": WindowConfig("count", by=("wrk",))}}, "windows.x.by", "unknown column 'wrk'"),
        ({"time": "day", "windows": {"x": WindowConfig("mean", of="ag")}}, "windows.x.of", "unknown column 'ag'"),
        ({"time": "day", "windows": {"x": WindowConfig("mean", of="work")}}, "windows.x.of", "no mean of values of"),
        ({"windows": {"x": WindowConfig("count")}}, "windows.x.time", "the rows have no time"),
        ({"time": "day", "windows": {"x": WindowConfig("count", table="y")}}, "windows.x.table", "no table of data"),
        ({"time": "day", "windows": {"work": WindowConfig("count", by=("work",))}}, "windows.work", "'work' is read"),
        ({"join": {"y": JoinConfig("y.csv", by=("wrk",))}}, "join.y.by", "unknown column of y 'wrk'"),
        ({"join": {"y": JoinConfig("y.csv", by={"wrk": "work"})}}, "join.y.by", "unknown column 'wrk'"),
        ({"join": {"y": JoinConfig("y.csv", by=("work",), columns=("pp",))}}, "join.y.columns", "of y 'pp'"),
        ({"join": {"y": JoinConfig("y.csv", by=("work",), kinds={"p": "timestamp"})}}, "join.y.kinds.p", "such as '1'"),
        ({"join": {"y": JoinConfig("y.csv", by=("work",), columns=())}}, "join.y", "`columns` is empty"),
        ({"join": {"y": JoinConfig("y.csv", by=("work",), time="p")}}, "join.y", "keys and times: work, p"),
        ({"available_at": {"age": "later"}}, "available_at.age", "there are: after, age, "),
        ({"derive": {"x": "age + hour"}}, "derive.x", "unknown column 'hour'; did you mean 'hours'?"),
        ({"kinds": {"work": "numeric"}}, "kinds.work", "is numeric, but"),
        ({"rules": {"work": Rule(min=1)}}, "rules.work", "min and max are numbers"),
        ({"positive": "high"}, "positive", "unknown class 'high'"),
        ({"weight": "work"}, "weight", "'work' is categorical"),
        ({"weight": "loss"}, "weight", "'loss' is missing, infinite or negative in 200 rows"),
    ],
)
def test_a_fault_of_a_table_is_told_at_the_key_that_has_it(table, make_context, tmp_path, fields, place, what):
    day = pl.lit("2024-03-01").alias("day")
    (tmp_path / "y.csv").write_text("work,p\nprivate,1\npublic,2\n")
    for name, join in fields.get("join", {}).items():
        fields = fields | {"join": {name: replace(join, path=str(tmp_path / join.path))}}
    with pytest.raises(DataError) as caught:
        table(tiny_table(200).with_columns(day, loss=-1), **fields).run(make_context())
    assert caught.value.where.source == f"data.{place}"
    assert what in caught.value.what
    assert ROW not in caught.value.what


@pytest.mark.parametrize("make", [Table, JoinConfig])
def test_an_empty_path_is_not_the_project(make):
    fields = {"target": "income"} if make is Table else {"by": ("shop",)}
    with pytest.raises(DataError, match="path names no file"):
        make(path=" ", **fields)


@pytest.mark.parametrize("field", ["separator", "quote"])
def test_a_field_of_one_character_is_looked_at_with_the_config(field):
    with pytest.raises(DataError, match=f"{field} is ';;'") as caught:
        ReadOptions(**{field: ";;"})
    assert caught.value.where.source == field


@pytest.mark.parametrize("by", ["time", "group"])
def test_a_split_that_lacks_its_column_is_told_before_anything_runs(by):
    with pytest.raises(DataError, match="which needs a column") as caught:
        Table(path="rows.csv", target="income", split=Split(by=by))
    assert caught.value.where.source == "split.by"


@pytest.mark.parametrize("name", [ROW, "__past__"])
def test_names_that_rows_are_told_apart_by_are_reserved(table, make_context, name):
    with pytest.raises(DataError) as caught:
        table(tiny_table(50).rename({"age": name})).run(make_context())
    assert caught.value.code == "reserved-column"


def test_an_infinite_target_is_refused_or_left_out_by_a_rule(table, make_context):
    frame = tiny_table(200).with_columns(spent=pl.int_range(200) * 1.5)
    frame = frame.with_columns(spent=pl.when(pl.int_range(200) < 3).then(float("inf")).otherwise("spent"))
    with pytest.raises(DataError, match="infinite in 3 rows"):
        table(frame, target="spent").run(make_context())
    rules = {"spent": Rule(min=0, max=1000, otherwise="drop")}
    data = table(frame, target="spent", rules=rules).run(make_context())
    assert sum(part.collect().height for part in data.splits.values()) == 197


def test_null_values_are_missing_and_replayed_by_the_recipe(table, make_context):
    frame = tiny_table(200).with_columns(pl.col("work").fill_null("?"))
    data = table(frame, null_values=("?",)).run(make_context())
    assert data.split("train").collect()["work"].null_count() > 0
    raw = pl.DataFrame({"work": [" ? ", "private "]})
    assert data.recipe.apply(raw.lazy()).collect()["work"].to_list() == [None, "private"]


def test_the_positive_class_is_last(table, make_context):
    assert table(positive="<=50K").run(make_context()).schema.target.classes == (">50K", "<=50K")
    assert table().run(make_context()).schema.target.classes == ("<=50K", ">50K")


def test_a_target_of_many_numbers_is_a_regression(table, make_context):
    target = table(target="spending", split=Split(stratify=False)).run(make_context()).schema.target
    assert (target.task, target.classes) == ("regression", None)


def test_the_split_is_stratified_seeded_and_complete(table, make_context):
    data = table().run(make_context())
    rows = {name: frame.collect() for name, frame in data.splits.items()}
    ids = [set(frame[ROW]) for frame in rows.values()]
    assert sorted(set.union(*ids)) == list(range(200))
    assert sum(map(len, ids)) == 200
    shares = [frame["income"].eq(">50K").mean() for frame in rows.values()]
    assert max(shares) - min(shares) < 0.03
    again = table().run(make_context()).split("train").collect()
    assert again.equals(rows["train"])
    assert not table(seed=1).run(make_context()).split("train").collect().equals(rows["train"])


def test_a_column_may_say_the_split(table, make_context):
    frame = tiny_table(200).with_columns(part=pl.Series(["train", "test", "validation", "train"] * 50))
    data = table(frame, split=Split(by="column", column="part")).run(make_context())
    assert data.split("train").collect().height == 100
    assert "part" not in data.schema.by_name


def faulty(**change):
    return tiny_table(60).with_columns(**change)


@pytest.mark.parametrize(
    ("frame", "fields", "part"),
    [
        (None, {"target": "incone"}, "did you mean 'income'?"),
        (None, {"drop": ("wrk",)}, "did you mean 'work'?"),
        (None, {"drop": ("income",)}, "which data.drop leaves out"),
        (None, {"kinds": {"work": "integer"}}, "value(s) are not, such as"),
        (None, {"positive": "rich"}, "unknown class 'rich'"),
        (None, {"split": Split(by="column", column="work")}, "is missing in"),
        (None, {"split": Split(by="column", column="education")}, "unknown split"),
        (faulty(income=pl.lit("x")), {}, "is always 'x'"),
        (faulty(income=pl.when(pl.col("age") > 30).then("income")), {}, "is missing in"),
        (faulty(income=pl.Series(["rare"] + ["a", "b"] * 29 + ["a"])), {}, "class 'rare'"),
        (tiny_table(60).clear(), {}, "no rows"),
    ],
)
def test_a_fault_is_explained(table, make_context, frame, fields, part):
    with pytest.raises(DataError) as caught:
        table(frame, **fields).run(make_context())
    assert part in caught.value.what


def test_rows_without_a_target_can_be_left_out(table, make_context):
    frame = faulty(income=pl.when(pl.col("age") > 30).then("income"))
    data = table(frame, drop_missing_target=True).run(make_context())
    assert sum(split.collect().height for split in data.splits.values()) == frame["income"].count()


def test_a_file_that_cannot_be_read_is_explained(tmp_path, make_context):
    (tmp_path / "rows.csv").write_bytes(b"age,income\n1,x,3\n")
    with pytest.raises(DataError, match="line 2"):
        Table(path=str(tmp_path / "rows.csv"), target="income").run(make_context())


class TestQuery(StageSuite):
    @pytest.fixture
    def stage(self):
        return Query

    @pytest.fixture
    def values(self):
        return {"sql": "SELECT 1 AS income", "target": "income"}


def test_a_query_gives_the_rows_of_its_files(table, tmp_path, make_context):
    pytest.importorskip("duckdb")
    whole = table(name="rows.parquet").run(make_context())
    query = Query(sql="SELECT * FROM 'rows.parquet'", target="income", folder=str(tmp_path))
    asked = query.run(make_context("query"))
    assert asked.schema == whole.schema
    assert asked.split("test").collect().equals(whole.split("test").collect())


def test_a_derived_column_may_be_the_target_and_is_not_needed_to_score(table, make_context):
    data = table(target="rich", derive={"rich": "spending > 20"}, drop=("income",), available_at={"spending": "after"})
    made = data.run(make_context())
    assert made.schema.target.classes == (False, True)
    assert made.schema.late == ("spending",)
    inputs = {column.name for column in made.schema.inputs}
    assert not inputs & {"rich", "spending", "income"}
    assert "spending" not in made.recipe.only(inputs).needs(inputs)


def test_what_is_made_of_columns_known_too_late_is_known_too_late(table, make_context):
    derive = {"half": "spending / 2", "quarter": "half / 2", "rich": "quarter > 5", "double": "age * 2"}
    made = table(target="rich", derive=derive, drop=("income", "spending"), available_at={"spending": "after"})
    schema = made.run(make_context()).schema
    assert schema.late == ("half", "quarter")
    assert "double" in {column.name for column in schema.inputs}


def test_categories_that_are_numbers_are_the_same_however_they_are_stored(table, make_context):
    codes = [float(i % 3) for i in range(199)] + [None]
    made = table(tiny_table(200).with_columns(code=pl.Series(codes)), "rows.parquet", kinds={"code": "categorical"})
    data = made.run(make_context())
    assert set(pl.concat(data.splits.values()).collect()["code"]) == {"0", "1", "2", None}
    for given in (pl.Series([2, 0]), pl.Series([2.0, 0.0]), pl.Series(["2", "0"])):
        raw = pl.DataFrame({"code": given})
        assert data.recipe.only(["code"]).apply(raw.lazy()).collect()["code"].to_list() == ["2", "0"]
        column = data.schema.column("code")
        assert conform(raw, [column])["code"].to_list() == ["2", "0"]


def test_rules_are_enforced_and_replayed(table, make_context):
    frame = faulty(age=pl.Series([-5, 400, *range(20, 78)]))
    rules = {"age": Rule(min=0, max=120, otherwise="clip")}
    data = table(frame, rules=rules).run(make_context())
    ages = pl.concat([split.collect() for split in data.splits.values()])["age"]
    assert (ages.min(), ages.max()) == (0, 120)
    raw = pl.DataFrame({"age": ["-7", "30"]}).lazy()
    assert data.recipe.only(["age"]).apply(raw).collect()["age"].to_list() == [0, 30]
    with pytest.raises(DataError, match=r"age: 1 value above 120: 400 \(row 1\)"):
        table(frame, rules={"age": Rule(max=120)}).run(make_context("again"))
    left = table(frame, rules={"age": Rule(min=0, max=120, otherwise="drop")}).run(make_context("third"))
    assert sum(split.collect().height for split in left.splits.values()) == 58


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
    found = pl.concat([split.collect() for split in data.splits.values()]).sort("__row__")
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


def test_what_a_key_that_is_known_later_brings_is_known_no_sooner(visits, make_context):
    folder, _ = visits
    shops = {"shops": JoinConfig(path=str(folder / "shops.csv"), by=("shop",))}
    schema = visiting(folder, join=shops, available_at={"shop": "after"}).run(make_context()).schema
    assert set(schema.late) == {"shop", "shops_size"}


def test_a_table_that_is_only_looked_back_on_brings_no_columns(visits, make_context):
    folder, _ = visits
    data = visiting(
        folder,
        join={"weather": JoinConfig(path=str(folder / "weather.csv"), time="time", columns=())},
        windows={"wet": WindowConfig(take="mean", of="rain", table="weather", over="1d")},
    ).run(make_context())
    assert "weather_rain" not in data.schema.by_name
    assert data.schema.column("wet").kind == "numeric"


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"join": {"shops": JoinConfig(path="shops.csv", by=("shp",))}}, "shp"),
        ({"windows": {"w": WindowConfig(take="count", table="weather")}}, "no table of data.join"),
        ({"windows": {"w": WindowConfig(take="count", by=("shp",))}}, "shp"),
        ({"drop": ("att",)}, "did you mean 'at'"),
        ({"derive": {"x": "spend + 1"}}, "did you mean 'spent'"),
    ],
)
def test_a_fault_of_joins_is_explained(visits, make_context, monkeypatch, fields, part):
    folder, _ = visits
    monkeypatch.chdir(folder)
    with pytest.raises(DataError) as caught:
        visiting(folder, **fields).run(make_context())
    assert part in caught.value.what


def test_identifiers_and_texts_are_told_from_categories_by_their_values(table, make_context):
    frame = tiny_table(200).with_columns(
        pl.Series("number", range(7, 207)),
        pl.Series("code", [f"X{i * 7919 % 1000}" for i in range(200)]),
        pl.Series("said", [f"what was said number {i} is long enough to be called a text" for i in range(200)]),
    )
    schema = table(frame).run(make_context()).schema
    kinds = [schema.column(name).kind for name in ("number", "code", "said", "age", "work")]
    assert kinds == ["identifier", "identifier", "text", "integer", "categorical"]
    given = table(frame, kinds={"number": "integer", "said": "categorical"}).run(make_context("given")).schema
    assert [given.column(name).kind for name in ("number", "said")] == ["integer", "categorical"]


def test_a_leak_stops_the_run_and_says_how_to_accept_it(table, make_context):
    frame = tiny_table(300).with_columns(copy=(pl.col("income") == ">50K").cast(pl.Int64) * 3)
    with pytest.raises(DataError, match="copy") as caught:
        table(frame).run(make_context("data"))
    assert "data.checks.single_feature=warning" in caught.value.hint
    table(frame, checks={"single_feature": "warning"}).run(make_context("data"))


def test_an_order_that_is_a_number_divides_but_is_no_input(table, make_context):
    frame = tiny_table(200).with_columns(step=pl.Series(range(200)))
    data = table(frame, time="step", split=Split(by="time")).run(make_context())
    ends = {name: split.collect()["step"] for name, split in data.splits.items()}
    assert ends["train"].max() < ends["validation"].min() <= ends["validation"].max() < ends["test"].min()
    assert "step" not in {column.name for column in data.schema.inputs}


def test_a_table_without_rows_is_refused_in_every_format(table, make_context):
    for name in ("rows.csv", "rows.parquet"):
        with pytest.raises(DataError, match="no rows"):
            table(tiny_table(60).clear(), name=name).run(make_context())
    with pytest.raises(DataError, match="no row"):
        table(faulty(income=pl.lit(None, pl.String)), drop_missing_target=True).run(make_context())


def test_all_rows_may_break_a_rule(table, make_context):
    with pytest.raises(DataError, match="no row"):
        table(rules={"age": Rule(max=1, otherwise="drop")}).run(make_context())
