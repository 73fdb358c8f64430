import sqlite3
from dataclasses import replace

import pytest
from headway.errors import StoreError, UsageError
from headway.store import Records, Remembered, Run, StageRow, new_run_id

RUN = Run(
    id="20260101-000000-aaaa", name="adult", status="running", created="2026-01-01T00:00:00+00:00",
    overrides=("model=mlp",), config={"seed": 3}, seed=3, git={"commit": "abc", "dirty": True},
    versions={"python": "3.11"},
)  # fmt: skip


@pytest.fixture
def records(tmp_path):
    return Records(tmp_path / "store")


def test_a_run_is_recorded_with_its_stages_and_metrics(records):
    records.open_run(RUN)
    row = StageRow("model", "model", "mlp", "k" * 64, "running", ("not run before",))
    records.write_stage(RUN.id, row)
    records.write_step(RUN.id, "model", 1, {"loss": 0.5})
    records.write_stage(RUN.id, replace(row, status="done", digest="d" * 64, seconds=2.0, metrics={"auroc": 0.9}))
    records.close_run(RUN.id, "done", 2.5)
    shown = records.show(RUN.id)
    assert (shown.status, shown.seconds, shown.config, shown.git) == ("done", 2.5, RUN.config, RUN.git)
    assert shown.stages == (replace(row, status="done", digest="d" * 64, seconds=2.0, metrics={"auroc": 0.9}),)
    assert records.last_key("adult", "model") == "k" * 64
    assert records.last_key("adult", "export") is None


def test_a_run_that_is_alive_is_running_and_one_that_died_is_interrupted(records):
    records.open_run(RUN)
    assert records.list()[0].status == "running"
    records._locks.pop(RUN.id).release()  # what the kernel does when a process dies
    assert Records(records.root).list()[0].status == "interrupted"


def test_references_resolve(records):
    for number, name in enumerate(["adult", "flights", "adult"]):
        run = replace(RUN, id=f"2026010{number}-000000-aaaa", name=name, created=f"2026-01-0{number + 1}")
        records.open_run(run)
        records.close_run(run.id, "done", 1.0)
    assert records.resolve("latest") == "20260102-000000-aaaa"
    assert records.resolve("flights@latest") == "20260101-000000-aaaa"
    assert records.resolve("20260101") == "20260101-000000-aaaa"
    with pytest.raises(UsageError, match="fits 3 runs"):
        records.resolve("2026")
    with pytest.raises(UsageError, match="unknown run 'nowhere'"):
        records.resolve("nowhere")
    with pytest.raises(UsageError, match="no run of elec2 yet"):
        records.resolve("elec2@latest")


def test_reading_makes_no_files(records):
    assert records.list() == []
    with pytest.raises(UsageError, match="no run yet"):
        records.resolve("latest")
    assert not records.root.exists()


def test_records_of_a_newer_headway_are_refused_and_left_alone(records):
    records.open_run(RUN)
    connection = sqlite3.connect(records.root / "headway.db")
    connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer Headway"):
        Records(records.root).list()


def test_a_damaged_database_is_told(records):
    records.root.mkdir()
    (records.root / "headway.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="cannot be read"):
        records.list()


def test_ids_sort_by_time_and_differ():
    ids = {new_run_id() for _ in range(50)}
    assert len(ids) > 40
    assert all(len(run) == 20 for run in ids)


def test_what_was_computed_of_a_file_is_remembered_until_it_changes(records, tmp_path):
    import os

    file, calls = tmp_path / "rows.csv", []

    def compute(path):
        calls.append(path)
        return path.read_text()

    file.write_text("one")
    os.utime(file, (1, 1))
    for _ in range(2):
        memory = Remembered(records)
        assert memory.get(file, "content", compute) == "one"
        memory.flush()
    assert len(calls) == 1
    file.write_text("two")
    os.utime(file, (2, 2))
    assert Remembered(records).get(file, "content", compute) == "two"


def test_a_young_file_is_not_remembered(records, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("one")
    memory = Remembered(records)
    memory.get(file, "content", lambda path: path.read_text())
    memory.flush()
    stat = file.stat()
    file.write_text("two")
    import os

    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert Remembered(records).get(file, "content", lambda path: path.read_text()) == "two"
