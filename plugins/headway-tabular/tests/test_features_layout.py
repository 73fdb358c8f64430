from dataclasses import replace

import pytest
from headway import DataError
from headway.contracts import Column, Schema, Target
from headway.testing import tiny_dataset
from headway_tabular.features.layout import plan_layout
from headway_tabular.tabular import Tabular

SCHEMA = Schema(
    (
        Column("age", "integer", "Int64"),
        Column("dep_delay", "numeric", "Float64"),
        Column("arr_delay", "numeric", "Float64"),
        Column("px1", "numeric", "Float64"),
        Column("px2", "integer", "Int64"),
        Column("member", "boolean", "Boolean"),
        Column("origin", "categorical", "String"),
        Column("dest", "categorical", "String"),
        Column("note", "text", "String"),
        Column("when", "timestamp", "Datetime"),
        Column("tail", "identifier", "String"),
        Column("landed", "numeric", "Float64"),
        Column("family", "categorical", "String"),
        Column("importance", "numeric", "Float64"),
        Column("late", "categorical", "String"),
    ),
    (Target("late", "classification", ("no", "yes")),),
    group="family",
    weight="importance",
    late=("landed",),
)


@pytest.fixture
def plan(make_context):
    return lambda **fields: plan_layout(Tabular(**fields), SCHEMA, make_context())


def chains(layout):
    """Column to the names of its transforms."""
    return {name: [step.name for step in branch.steps] for branch in layout.branches for name in branch.columns}


def test_without_a_word_numbers_are_imputed_and_scaled_and_strings_coded(plan):
    layout = plan(derive={"sum": "px1 + px2"})
    numbers = ("age", "dep_delay", "arr_delay", "px1", "px2", "member", "sum")
    assert chains(layout) == {name: ["impute", "scale"] for name in numbers} | {"origin": [], "dest": []}
    assert [branch.kind for branch in layout.branches] == ["number", "code"]


def test_what_is_left_out_is_told(plan, caplog):
    with caplog.at_level("INFO"):
        plan()
    assert "note (text), when (timestamp)" in caplog.text


RULES = {
    "kind:numeric": (),
    "*_delay": ("scale",),
    "dep_delay": ("impute",),
    "px*": ("impute", "scale"),
    "p?1": ({"clip": {"low": 0}}, "impute"),
}


def test_a_name_wins_over_a_pattern_over_a_kind_and_of_equals_the_later(plan):
    found = chains(plan(columns=RULES, only=("kind:numeric", "px2")))
    assert found == {
        "dep_delay": ["impute"],
        "arr_delay": ["scale"],
        "px1": ["clip", "impute"],
        "px2": ["impute", "scale"],
    }
    backwards = dict(reversed(RULES.items()))
    assert chains(plan(columns=backwards, only=("kind:numeric", "px2"))) == found | {"px1": ["impute", "scale"]}


def test_columns_of_one_rule_are_one_block(plan):
    layout = plan(columns={"*_delay": ("impute",), "px*": ("impute",)}, only=("*_delay", "px*"))
    assert [branch.columns for branch in layout.branches] == [("dep_delay", "arr_delay"), ("px1", "px2")]


def test_a_pattern_over_numbers_and_strings_makes_a_block_of_each(plan):
    with pytest.raises(DataError, match="impute takes numbers, it is given codes: origin"):
        plan(columns={"[oa]*": ("impute",)})


def test_drop_and_only_take_selectors(plan):
    assert set(chains(plan(drop=("kind:numeric", "px*", "dest")))) == {"age", "member", "origin"}
    layout = plan(only=("px*",), derive={"double": "age * 2"}, cross={"route": ("origin", "dest")})
    assert set(chains(layout)) == {"px1", "px2", "double", "route"}
    assert {column.name for column in layout.columns} == {"px1", "px2", "age", "origin", "dest"}


def test_a_derived_column_can_be_only_a_step_to_another(plan):
    layout = plan(derive={"half": "age / 2", "quarter": "half / 2"}, drop=("half", "age"))
    assert "quarter" in chains(layout)
    assert not {"half", "age"} & set(chains(layout))
    assert "age" in {column.name for column in layout.columns}


def test_a_name_that_looks_like_a_pattern_is_a_name(make_context):
    schema = Schema(
        (Column("a[1]", "numeric", "Float64"), Column("y", "numeric", "Float64")), (Target("y", "regression"),)
    )
    layout = plan_layout(Tabular(columns={"a[1]": ("impute",)}), schema, make_context())
    assert chains(layout) == {"a[1]": ["impute"]}


@pytest.mark.parametrize(
    ("fields", "place", "part"),
    [
        ({"drop": ("orgin",)}, "features.drop", "did you mean 'origin'?"),
        ({"only": ("qx*",)}, "features.only", "no column has a name like 'qx*'"),
        ({"columns": {"ages": ("impute",)}}, "features.columns.ages", "did you mean 'age'?"),
        ({"columns": {"kind:tensor": ("impute",)}}, "features.columns.kind:tensor", "no column is of kind 'tensor'"),
        ({"columns": {"age": ("impte",)}}, "features.columns.age", "did you mean 'impute'?"),
        ({"columns": {"age": ({"impute": {"how": 1}},)}}, "features.columns.age", "unknown field 'how'"),
        ({"columns": {"age": ({"impute": {"method": 1}},)}}, "features.columns.age", "transform 'impute': method"),
        ({"columns": {"age": ({"impute": {}, "scale": {}},)}}, "features.columns.age", "this has 2: impute, scale"),
        ({"columns": {"age": ("one_hot",)}}, "features.columns.age", "one_hot takes codes, it is given numbers: age"),
        ({"columns": {"age": ("vocabulary",)}}, "features.columns.age", "where it holds no strings"),
        ({"columns": {"dest": ("one_hot", "vocabulary")}}, "features.columns.dest", "where it holds no strings"),
        ({"columns": {"age": ("impute",)}, "drop": ("age",)}, "features.columns.age", "left out by features.drop"),
        ({"columns": {"late": ("vocabulary",)}}, "features.columns.late", "is the target"),
        ({"columns": {"landed": ("impute",)}}, "features.columns.landed", "known only after the moment of prediction"),
        ({"drop": ("landed",)}, "features.drop", "known only after the moment of prediction"),
        ({"only": ("landed",)}, "features.only", "known only after the moment of prediction"),
        ({"derive": {"x": "landed - age"}}, "features.derive.x", "known only after the moment of prediction"),
        ({"cross": {"x": ("origin", "family")}}, "features.cross.x", "is data.group"),
        ({"drop": ("importance",)}, "features.drop", "is data.weight"),
        ({"drop": ("tail",)}, "features.drop", "identifies its row"),
        ({"derive": {"age": "px1"}}, "features.derive.age", "the data have a column of that name"),
        ({"derive": {"x": "y + 1", "y": "age"}}, "features.derive.x", "unknown column 'y'"),
        ({"derive": {"x": "origin"}}, "features.derive.x", "holds no numbers"),
        ({"derive": {"x": "when"}}, "features.derive.x", "holds no numbers"),
        ({"derive": {"x": "1 + 2"}}, "features.derive.x", "uses no column"),
        ({"cross": {"age": ("origin", "dest")}}, "features.cross.age", "the data have a column of that name"),
        ({"cross": {"x": ("origin", "age")}}, "features.cross.x", "'age' is integer, a cross is of categories"),
        ({"cross": {"x": ("origin", "dst")}}, "features.cross.x", "did you mean 'dest'?"),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what(plan, fields, place, part):
    with pytest.raises(DataError) as caught:
        plan(**fields)
    assert part in caught.value.what
    assert caught.value.what.startswith(place)
    assert caught.value.where.source == place


def test_no_column_left_is_explained(make_context):
    data = tiny_dataset()
    with pytest.raises(DataError, match="no column is left"):
        plan_layout(Tabular(drop=tuple(c.name for c in data.schema.inputs)), data.schema, make_context())


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"cross": {"x": ("origin", "dest")}, "derive": {"x": "age"}}, "features.derive has"),
        ({"cross": {"x": ("origin",)}}, "two or more different columns"),
        ({"cross": {"x": ("origin", "origin")}}, "two or more different columns"),
    ],
)
def test_a_cross_that_no_data_could_make_is_told_with_the_config(fields, part):
    with pytest.raises(DataError, match=part) as caught:
        Tabular(**fields)
    assert caught.value.where.source == "cross.x"


NOTHING = Schema(
    (
        Column("note", "text", "String"),
        Column("when", "timestamp", "Datetime"),
        Column("tail", "identifier", "String"),
        Column("landed", "numeric", "Float64"),
        Column("y", "numeric", "Float64"),
    ),
    (Target("y", "regression"),),
    late=("landed",),
)


def test_without_features_each_column_is_named_with_its_kind_and_why_and_what_to_do(make_context):
    with pytest.raises(DataError) as caught:
        plan_layout(Tabular(), NOTHING, make_context())
    what, hint = caught.value.what, caught.value.hint
    assert "left out: note (text), when (timestamp), tail (identifier, identifies its row), landed (numeric, is" in what
    assert "y (" not in what
    for part in ("texts have no transform: data.kinds.NAME=categorical", "features.columns.NAME=[periodic]", "integer"):
        assert part in hint
    assert "features.drop" not in hint


def test_without_features_what_a_config_leaves_out_is_told_and_many_columns_are_counted(make_context):
    columns = tuple(Column(f"x{n}", "numeric", "Float64") for n in range(12))
    with pytest.raises(DataError, match=r"x0 \(numeric, by features.drop or features.only\).*, and 4 more") as caught:
        plan_layout(Tabular(drop=("x*",)), Schema(columns), make_context())
    assert caught.value.hint == "look at features.drop and features.only"


@pytest.mark.parametrize(
    ("fields", "kinds"), [({"columns": {"when": ("periodic",)}}, {}), ({}, {"note": "categorical"})]
)
def test_what_the_error_says_to_do_makes_features(make_context, fields, kinds):
    columns = tuple(replace(column, kind=kinds.get(column.name, column.kind)) for column in NOTHING.columns)
    assert plan_layout(Tabular(**fields), replace(NOTHING, columns=columns), make_context()).branches


def test_texts_and_timestamps_can_be_features_if_asked(plan):
    found = chains(plan(columns={"note": (), "kind:timestamp": ({"periodic": {"parts": ["hour"]}},)}))
    assert found["note"] == []
    assert found["when"] == ["periodic"]


def test_a_kind_without_transforms_is_named(make_context):
    schema = replace(SCHEMA, columns=(*SCHEMA.columns, Column("scan", "tensor", "Array")))
    with pytest.raises(DataError, match="'scan' is tensor, which has no transforms"):
        plan_layout(Tabular(columns={"scan": ("impute",)}), schema, make_context())
