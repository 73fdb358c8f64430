import sqlite3

import pytest
from headway.errors import StoreError
from headway.store import RunFilter
from headway.store.migrations import FIRST, STEPS, VERSION, migrate, version_of
from headway.store.sqlite import SqliteRecords
from headway.testing.records import RUN, run_number, write


def opened(path):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def rows(connection):
    tables = [row[0] for row in connection.execute("select name from sqlite_schema where type = 'table'")]
    return {table: [tuple(row) for row in connection.execute(f'select * from "{table}"')] for table in tables}


@pytest.fixture
def old(tmp_path):
    """A database as version 1 wrote it."""
    (tmp_path / "store").mkdir()
    path = tmp_path / "store" / "headway.db"
    connection = opened(path)
    connection.execute("pragma journal_mode = wal")
    for statement in FIRST:
        connection.execute(statement)
    connection.execute("pragma user_version = 1")
    for number in range(30):
        connection.execute(
            "insert into runs values (?, 'adult', null, ?, '2026-01-01', 1.5, ?, ?, 1, '{}', '{}', null)",
            (f"run-{number}", "done" if number else "running", '["seed=1"]', '{"seed": 1}'),
        )
        connection.execute(
            "insert into stages values (?, 'model', 'model', 'mlp', ?, ?, 'done', '[]', 1.0, null, 0)",
            (f"run-{number}", "a" * 64, "d" * 64),
        )
        connection.execute("insert into metrics values (?, 'model', null, 'auroc', ?)", (f"run-{number}", number / 30))
        connection.execute("insert into metrics values (?, 'model', 1, 'loss', 0.5)", (f"run-{number}",))
    connection.execute("insert into last_keys values ('adult', 'model', ?)", ("a" * 64,))
    connection.execute("insert into remembered values ('/data/more/rows.csv', 'content', '1:2:3', 'abc')")
    connection.close()
    return path


def found(records):
    runs = records.list()
    shown = records.show("run-7")
    assert len(runs) == 30
    assert (runs[0].id, runs[0].seed, runs[0].overrides, runs[0].config) == ("run-29", 1, ("seed=1",), {"seed": 1})
    assert (runs[0].note, runs[0].tags, runs[0].attempt_of, runs[0].label) == ("", (), None, "")
    assert runs[-1].status == "interrupted"
    assert (shown.stages[0].digest, shown.stages[0].metrics) == ("d" * 64, {"auroc": 7 / 30})
    assert records.history("run-7", "model") == [(1, {"loss": 0.5})]
    assert records.last_key("adult", "model") == "a" * 64
    assert records.recall("/data/more") == {("rows.csv", "content"): ("1:2:3", "abc")}
    assert records.users("d" * 64)[0] == "run-0"
    return runs


def test_every_row_of_version_1_is_found(old):
    records = SqliteRecords(old.parent)
    records.tag("run-3", "best")
    assert len(found(records)) == 30
    assert [run.id for run in records.list(RunFilter(tags=("best",)))] == ["run-3"]
    assert version_of(opened(old)) == VERSION


def test_reading_version_1_changes_nothing(old):
    before = old.read_bytes()
    records = SqliteRecords(old.parent)
    found(records)
    found(records)
    assert old.read_bytes() == before
    write(records, RUN)
    assert len(records.list()) == 31
    assert version_of(opened(old)) == VERSION


def test_a_step_that_fails_half_way_leaves_the_version_before(old, monkeypatch):
    before = rows(opened(old))
    broken = (STEPS[0], (*STEPS[1][:-1], "insert into nowhere values (1)", STEPS[1][-1]), *STEPS[2:])
    connection = opened(old)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, broken)
    assert version_of(connection) == 1
    assert rows(connection) == before
    connection.close()
    found(SqliteRecords(old.parent))


@pytest.mark.parametrize("statement", range(len(STEPS[1])))
def test_a_full_disk_at_any_statement_leaves_version_1(old, monkeypatch, statement):
    before = rows(opened(old))
    broken = (STEPS[0], (*STEPS[1][:statement], "select no_such_function()", *STEPS[1][statement:]), *STEPS[2:])
    monkeypatch.setattr("headway.store.migrations.migrate.__defaults__", (broken,))
    with pytest.raises(StoreError, match="cannot be written"):
        SqliteRecords(old.parent).open_run(RUN)
    monkeypatch.undo()
    assert (version_of(opened(old)), rows(opened(old))) == (1, before)
    write(SqliteRecords(old.parent), RUN)
    assert len(SqliteRecords(old.parent).list()) == 31


def test_two_that_migrate_at_once_do_it_once(old):
    first, second = opened(old), opened(old)
    migrate(first)
    migrate(second)
    assert version_of(second) == VERSION


def test_a_new_database_has_the_newest_format(tmp_path):
    write(SqliteRecords(tmp_path), run_number(1))
    assert version_of(opened(tmp_path / "headway.db")) == VERSION
