"""Records in SQLite: several processes, and every trouble told and left as it was."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from headway.errors import StoreError, UsageError
from headway.store.sqlite import SqliteRecords
from headway.testing import RecordsSuite
from headway.testing.records import RUN, run_number, write


class TestSqliteRecords(RecordsSuite):
    @pytest.fixture
    def open_records(self, tmp_path):
        return lambda: SqliteRecords(tmp_path / "store")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def records(root):
    return SqliteRecords(root)


def test_reading_makes_no_files(records, root):
    assert records.list() == []
    assert records.recall("/data") == {}
    with pytest.raises(UsageError, match="no run yet"):
        records.resolve("latest")
    assert not root.exists()


def test_who_reads_sees_what_is_written_later(records, root):
    assert records.list() == []
    for number in range(3):
        write(SqliteRecords(root), run_number(number))
        assert len(records.list()) == number + 1


def test_reading_leaves_nothing_beside_the_database(root):
    write(SqliteRecords(root), RUN)
    SqliteRecords(root).list()
    assert {path.name for path in root.iterdir()} == {"headway.db", "locks"}


def test_the_first_command_waits_for_another_that_prepares_the_same_new_file(records, root):
    root.mkdir()
    other = sqlite3.connect(root / "headway.db", isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    timer = threading.Timer(0.3, lambda: other.execute("commit"))
    timer.start()
    write(records, RUN)
    timer.join()
    other.close()
    assert records.show(RUN.id).status == "done"


def test_a_file_that_stays_locked_is_told(records, root, monkeypatch):
    monkeypatch.setattr("headway.store.database.PATIENCE", 0.2)
    root.mkdir()
    with closing(sqlite3.connect(root / "headway.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreError, match="database is locked"):
            records.open_run(RUN)


def test_a_run_is_recorded_once(records):
    write(records, RUN)
    with pytest.raises(StoreError, match="UNIQUE"):
        records.open_run(RUN)
    assert records.show(RUN.id).status == "done"


WRITER = """
import sys
from pathlib import Path
from headway.store.sqlite import SqliteRecords
from headway.testing.records import run_number, write
sys.stdin.readline()
for number in range(4):
    write(SqliteRecords(Path(sys.argv[1])), run_number(number, id=f"{sys.argv[2]}-{number}"))
"""


def test_processes_that_start_at_once_all_record(root):
    command = [sys.executable, "-c", WRITER, str(root)]
    writers = [subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stderr=subprocess.PIPE) for n in range(6)]
    for writer in writers:
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    errors = [writer.communicate()[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 6, errors
    assert len(SqliteRecords(root).list()) == 24


def damage(path, how):
    content = path.read_bytes()
    if how == "no database":
        path.write_bytes(b"no database" * 1000)
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    else:
        page = 4096
        path.write_bytes(content[:page] + b"\xff" * page + content[2 * page :])


@pytest.mark.parametrize("how", ["no database", "truncated", "page overwritten"])
def test_a_damaged_database_is_told_and_left_as_it_was(root, how):
    for number in range(40):
        write(SqliteRecords(root), run_number(number % 28, id=f"run-{number}"), {"a": 1.0})
    path = root / "headway.db"
    damage(path, how)
    before = path.read_bytes()
    for call in (SqliteRecords(root).list, SqliteRecords(root).check, lambda: SqliteRecords(root).open_run(RUN)):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.code == "damaged-records"
        assert "nothing was changed" in caught.value.hint
        assert str(path) in caught.value.what
    assert path.read_bytes() == before
    assert list((root / "locks").iterdir()) == []


def test_a_fault_that_reading_does_not_meet_is_found_by_the_check(root):
    write(SqliteRecords(root), RUN, {f"metric-{number}": float(number) for number in range(2000)})
    path = root / "headway.db"
    content = bytearray(path.read_bytes())
    content[-2048:] = b"\0" * 2048
    path.write_bytes(content)
    assert SqliteRecords(root).list()
    assert SqliteRecords(root).check()


def test_records_of_a_newer_headway_are_refused_and_left_alone(root):
    write(SqliteRecords(root), RUN)
    connection = sqlite3.connect(root / "headway.db")
    connection.execute("pragma user_version = 99")
    connection.close()
    before = (root / "headway.db").read_bytes()
    for call in (SqliteRecords(root).list, lambda: write(SqliteRecords(root), replace(RUN, id="other"))):
        with pytest.raises(StoreError, match=r"newer Headway \(format 99"):
            call()
    assert (root / "headway.db").read_bytes() == before


def test_a_failed_close_still_lets_go(records, monkeypatch):
    records.open_run(RUN)

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("headway.store.database.transaction", full)
    with pytest.raises(StoreError, match="disk is full"):
        records.close_run(RUN.id, "done", 1.0)
    monkeypatch.undo()
    assert records.show(RUN.id).status == "interrupted"


@pytest.mark.parametrize(("kind", "mode"), [("ext4", "wal"), ("", "wal"), ("nfs4", "delete"), ("fuse.sshfs", "delete")])
def test_a_network_file_system_gets_no_shared_memory_and_a_warning(root, monkeypatch, recwarn, kind, mode):
    monkeypatch.setattr("headway.store.database.file_system", lambda _: kind)
    write(SqliteRecords(root), RUN)
    write(SqliteRecords(root), run_number(1))
    connection = sqlite3.connect(root / "headway.db")
    assert connection.execute("pragma journal_mode").fetchone()[0] == mode
    connection.close()
    assert len(SqliteRecords(root).list()) == 2
    assert len({str(w.message) for w in recwarn}) == (mode == "delete")
    if mode == "delete":
        assert f"network file system ({kind})" in str(recwarn[0].message)


def test_a_database_that_moved_to_a_network_file_system_changes_its_journal(root, monkeypatch):
    write(SqliteRecords(root), RUN)
    monkeypatch.setattr("headway.store.database.file_system", lambda _: "nfs")
    with pytest.warns(UserWarning, match="network"):
        write(SqliteRecords(root), run_number(1))
    assert {path.name for path in root.iterdir()} == {"headway.db", "locks"}
    assert len(SqliteRecords(root).list()) == 2
