import polars as pl
import pytest
from headway.contracts import ROW, Column, Dataset, Schema, Target
from headway.errors import DataError

COLUMNS = (
    Column("age", "integer", "Int64"),
    Column("work", "categorical", "String"),
    Column("ok", "boolean", "Boolean"),
)


def test_unknown_names_answer_with_the_nearest():
    schema = Schema(COLUMNS, (Target("ok", "classification", (False, True)),))
    with pytest.raises(DataError, match="did you mean 'age'"):
        schema.column("agee")
    data = Dataset(schema, {"train": pl.LazyFrame({ROW: [0]})})
    with pytest.raises(DataError, match="did you mean 'train'"):
        data.split("trian")


def test_inputs_are_the_columns_without_a_role():
    columns = (*COLUMNS, Column("id", "identifier", "String"), Column("w", "numeric", "Float64"))
    schema = Schema(columns, (Target("ok", "classification"),), weight="w", sensitive=("work",))
    assert [column.name for column in schema.inputs] == ["age", "work"]
    assert schema.target.column == "ok"


def test_columns_known_too_late_are_no_inputs():
    schema = Schema(COLUMNS, (Target("ok", "classification"),), late=("age",))
    assert "age" not in {column.name for column in schema.inputs}
    assert "age" in schema.by_name


@pytest.mark.parametrize("targets", [(), (Target("age", "regression"), Target("ok", "classification"))])
def test_one_target_is_needed(targets):
    with pytest.raises(DataError, match=f"the data have {len(targets)}"):
        _ = Schema(COLUMNS, targets).target
