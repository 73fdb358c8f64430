import gzip
import zipfile

import polars as pl
import pytest
from headway import DataError
from headway.contracts import ROW, conform
from headway.testing import DatasetSuite, StageSuite, tiny_table
from headway.testing import make_context as context_of
from headway_tabular.quality.rules import Rule
from headway_tabular.splits.split import Split
from headway_tabular.table import Table


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


def test_a_folder_may_have_a_name_that_looks_like_a_pattern(tmp_path):
    folder = tmp_path / "copy[1]"
    folder.mkdir()
    tiny_table(200).write_csv(folder / "rows.csv")
    context = context_of(folder / "work")
    assert Table(path=str(folder / "rows.csv"), target="income").run(context).split("test").collect().height


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


def test_rows_without_a_target_can_be_left_out(table, make_context):
    frame = tiny_table(60).with_columns(income=pl.when(pl.col("age") > 30).then("income"))
    data = table(frame, drop_missing_target=True).run(make_context())
    assert sum(split.collect().height for split in data.splits.values()) == frame["income"].count()


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


def test_an_order_that_is_a_number_divides_but_is_no_input(table, make_context):
    frame = tiny_table(200).with_columns(step=pl.Series(range(200)))
    data = table(frame, time="step", split=Split(by="time")).run(make_context())
    ends = {name: split.collect()["step"] for name, split in data.splits.items()}
    assert ends["train"].max() < ends["validation"].min() <= ends["validation"].max() < ends["test"].min()
    assert "step" not in {column.name for column in data.schema.inputs}
