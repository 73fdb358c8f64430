import pytest
from headway.testing import StageSuite
from headway_tabular.table import Query


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
