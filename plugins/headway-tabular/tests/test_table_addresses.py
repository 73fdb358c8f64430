"""What rows at addresses, and further tables at addresses, mean for the cache and for this machine."""

import pytest
from headway_tabular.data.joining import JoinConfig
from headway_tabular.table import Query, Table


@pytest.fixture(params=["table", "query"])
def rows(request, tmp_path):
    """Gives a stage over a local file that joins what lies at an address."""
    (tmp_path / "rows.csv").write_text("shop,again\na,yes\nb,no\n")

    def make(address):
        fields = {"target": "again", "join": {"shops": JoinConfig(address, by=("shop",))}}
        if request.param == "table":
            return Table(path=str(tmp_path / "rows.csv"), **fields)
        return Query(sql="SELECT * FROM 'rows.csv'", folder=str(tmp_path), **fields)

    return make


def test_a_further_table_at_an_address_is_known_by_its_version(rows, memory):
    memory.pipe("/shops.csv", b"shop,size\na,1\nb,2\n")
    told = rows("memory://shops.csv").fingerprint()
    assert told == rows("memory://shops.csv").fingerprint() != ""
    memory.pipe("/shops.csv", b"shop,size\na,1\nb,22\n")
    assert rows("memory://shops.csv").fingerprint() not in ("", told)


def test_rows_whose_further_table_tells_of_no_version_are_never_known(rows, memory, monkeypatch):
    memory.pipe("/shops.csv", b"shop,size\na,1\n")
    monkeypatch.setattr(type(memory), "info", lambda self, path: {"name": path, "size": 4, "type": "file"})
    assert rows("memory://shops.csv").fingerprint() == ""


def test_a_further_table_in_a_file_leaves_the_source_known(rows, tmp_path):
    (tmp_path / "shops.csv").write_text("shop,size\na,1\n")
    assert rows(str(tmp_path / "shops.csv")).fingerprint() != ""


def test_a_library_that_a_further_table_needs_is_told_before_anything_runs(rows):
    assert rows("memory://shops.csv").preflight() == []
    (lack,) = rows("s3://bucket/shops.csv").preflight()
    assert (lack.code, lack.hint) == ("missing-library", "pip install s3fs")


def test_the_rows_themselves_count_too(memory):
    memory.pipe("/rows.csv", b"shop,again\na,yes\n")
    told = Table(path="memory://rows.csv", target="again").fingerprint()
    memory.pipe("/rows.csv", b"shop,again\na,no\n")
    assert Table(path="memory://rows.csv", target="again").fingerprint() not in ("", told)
    assert Query(sql="SELECT random() AS again", target="again").fingerprint() == ""
    (lack,) = Table(path="s3://bucket/rows.csv", target="again").preflight()
    assert lack.hint == "pip install s3fs"
    (lack,) = Query(sql="SELECT 1 AS again", target="again", database="nothing").preflight()
    assert lack.code == "unknown-database"
