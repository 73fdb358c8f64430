"""Targets of several labels: what the data and the features make of them, and what is refused."""

import numpy as np
import polars as pl
import pytest
from headway import DataError
from headway.contracts import TARGET, ArraySpec, Target, labels
from headway.plugins import load
from headway.testing import DatasetSuite, FeaturesSuite, tiny_table
from headway_tabular.features.fit import fit
from headway_tabular.splits.split import Split
from headway_tabular.table import Table
from headway_tabular.tabular import Tabular

NAMES = ("old", "rich", "member")
FIELDS = {
    "derive": {"old": "age > 40", "rich": "gain > 0"},
    "target": NAMES,
    "drop": ("income", "spending", "age", "gain"),
    "kinds": {"member": "boolean"},
}


def rows_of(count=300):
    known = tiny_table(count).filter(pl.col("age").is_not_null() & pl.col("gain").is_not_null())
    return known.with_columns(pl.col("member").fill_null(value=False))


@pytest.fixture
def made(table, make_context):
    return table(rows_of(), **FIELDS).run(make_context())


class TestLabelledDataset(DatasetSuite):
    @pytest.fixture
    def artifact(self, made):
        return made


class TestLabelledFeatures(FeaturesSuite):
    @pytest.fixture
    def registry(self):
        return load().registry

    @pytest.fixture
    def data(self, made):
        return made

    @pytest.fixture
    def artifact(self, made, make_context, registry):
        return fit(Tabular(), make_context(), made)


def test_labels_become_one_column_of_booleans_and_no_input(made):
    target = made.schema.target
    assert target == Target("old, rich, member", "multilabel", NAMES)
    assert not {*NAMES, target.column} & {column.name for column in made.schema.inputs}
    source = rows_of().with_columns(old=pl.col("age") > 40, rich=pl.col("gain") > 0)
    for frame in made.splits.values():
        rows = frame.collect()
        given = labels(rows, made.schema)[TARGET]
        assert given.dtype == np.float32
        np.testing.assert_array_equal(given, source[rows["__row__"].to_list()].select(NAMES).to_numpy())


@pytest.mark.parametrize("values", [pl.Int64, pl.Float64, pl.Boolean, pl.String])
def test_a_label_may_be_written_in_any_way_that_says_yes_and_no(table, make_context, values):
    rows = rows_of().with_columns(pl.col("member").cast(values))
    data = table(rows, **FIELDS | {"kinds": {}}).run(make_context())
    assert data.split("train").collect()["old, rich, member"].arr.get(2).dtype == pl.Boolean


@pytest.mark.parametrize(
    ("change", "fields", "what", "hint"),
    [
        ({"member": pl.lit("often")}, {"kinds": {"member": "categorical"}}, "'member' is categorical", "data.derive"),
        ({"member": pl.col("hours").fill_null(1)}, {"kinds": {}}, "'member' has other values, such as", "data.derive"),
        ({"member": pl.lit(value=True)}, {}, "'member' is always there", "choose others"),
        ({"member": pl.lit(value=False)}, {}, "'member' is never there", "choose others"),
        ({"member": pl.when(pl.col("age") > 30).then("member")}, {}, "is missing in", "drop_missing_target"),
        ({}, {"sensitive": ("member",)}, "'member' is a label and data.sensitive too", "derive"),
        ({}, {"positive": True}, "data.positive is for one target", "leave it out"),
        ({}, {"target": (*NAMES, "tall")}, "unknown column 'tall'", ""),
        ({}, {"target": ("member",)}, "two or more different columns", "target: member"),
        ({}, {"target": ("member", "member")}, "two or more different columns", ""),
    ],
)
def test_what_cannot_be_labels_is_told(table, make_context, change, fields, what, hint):
    with pytest.raises(DataError, match=what) as caught:
        table(rows_of().with_columns(**change), **FIELDS | fields).run(make_context())
    assert hint in (caught.value.hint or "")


def test_rows_that_lack_a_label_can_be_left_out(table, make_context):
    rows = rows_of().with_columns(member=pl.when(pl.col("age") > 30).then("member"))
    data = table(rows, **FIELDS, drop_missing_target=True).run(make_context())
    kept = sum(frame.select(pl.len()).collect().item() for frame in data.splits.values())
    assert kept == rows["member"].count() < len(rows)


def test_a_column_that_gives_a_label_away_is_a_leak(table, make_context):
    fields = FIELDS | {"drop": ("income", "spending", "age")}
    with pytest.raises(DataError, match="'gain' alone predicts 'rich' almost perfectly"):
        table(rows_of(), **fields).run(make_context())


def test_a_split_without_a_label_is_told(table, make_context, caplog):
    rows = rows_of().with_row_index("n").with_columns(member=pl.col("n") < 100)
    split = Split(by="time", train=0.6, validation=0.2, test=0.2)
    table(rows, **FIELDS | {"kinds": {}}, time="n", split=split).run(make_context())
    assert "validation has no row with the label member" in caplog.text
    assert "train has no row" not in caplog.text


def test_categories_become_the_mean_of_each_label(made, make_context):
    stage = Tabular(only=("education",), columns={"education": ("target_mean",)})
    features = fit(stage, make_context(), made)
    (spec,) = features.arrays
    assert isinstance(spec, ArraySpec)
    assert spec.columns == ("education_mean_0", "education_mean_1", "education_mean_2")
    given, truth = (features.source("train").batch()[name] for name in (spec.name, TARGET))
    np.testing.assert_allclose(given.mean(axis=0), truth.mean(axis=0), atol=0.05)


def test_labels_are_not_balanced(made, make_context):
    with pytest.raises(DataError, match="the target is labels"):
        fit(Tabular(balance="weights"), make_context(), made)


def test_one_column_is_the_target_it_was(table, make_context):
    data = table(target="income").run(make_context())
    assert data.schema.target.task == "classification"
    assert Table(path="x.csv", target="income").targets == ("income",)
