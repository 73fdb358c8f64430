import os
import time

import pytest
from headway.errors import StoreError
from headway.store import Remembered
from headway.store.sqlite import SqliteRecords


@pytest.fixture
def records(tmp_path):
    return SqliteRecords(tmp_path / "store")


class Reader:
    """Reads files, and remembers which."""

    def __init__(self):
        self.read = []

    def __call__(self, path):
        self.read.append(path.name)
        return path.read_text()


def written(path, text, at=1.0):
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def test_what_was_computed_of_a_file_is_remembered_until_it_changes(records, tmp_path):
    reader, file = Reader(), written(tmp_path / "rows.csv", "one")
    for _ in range(2):
        memory = Remembered(records)
        assert memory.get(file, "content", reader) == "one"
        assert memory.get(file, "content", reader) == "one"
        memory.flush()
        assert memory.get(file, "content", reader) == "one"
    assert reader.read == ["rows.csv"]
    written(file, "two", 2.0)
    assert Remembered(records).get(file, "content", reader) == "two"


def test_what_was_computed_is_remembered_by_its_name(records, tmp_path):
    file, memory = written(tmp_path / "rows.csv", "one"), Remembered(records)
    memory.get(file, "content", lambda path: "1")
    memory.get(file, "syntax", lambda path: "2")
    memory.flush()
    assert Remembered(records).get(file, "content", Reader()) == "1"
    assert Remembered(records).get(file, "syntax", Reader()) == "2"


def test_a_file_is_the_same_through_links(records, tmp_path):
    (tmp_path / "real").mkdir()
    file, reader = written(tmp_path / "real" / "rows.csv", "one"), Reader()
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "link.csv").symlink_to("real/rows.csv")
    memory = Remembered(records)
    for path in (file, tmp_path / "folder" / "rows.csv", tmp_path / "link.csv"):
        assert memory.get(path, "content", reader) == "one"
    assert reader.read == ["rows.csv"]


@pytest.mark.parametrize("age", [0.0, 1.0, -3600.0], ids=["new", "a second old", "from the future"])
def test_a_young_file_is_not_remembered(records, tmp_path, age):
    at = time.time() - age
    file, memory = written(tmp_path / "rows.csv", "one", at), Remembered(records)
    memory.get(file, "content", Reader())
    memory.flush()
    written(file, "two", at)
    assert Remembered(records).get(file, "content", Reader()) == "two"


def test_a_file_is_not_recalled_after_the_clock_was_set_back_before_its_time(records, tmp_path, monkeypatch):
    now = time.time()
    file, memory = written(tmp_path / "rows.csv", "one", now - 60), Remembered(records)
    memory.get(file, "content", Reader())
    memory.flush()
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    written(file, "two", now - 60)
    assert Remembered(records).get(file, "content", Reader()) == "two"


def test_only_the_folders_that_are_asked_for_are_read(records, tmp_path):
    asked = []

    class Counting:
        def recall(self, folder):
            asked.append(folder)
            return records.recall(folder)

    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        for number in range(3):
            written(tmp_path / name / f"{number}.csv", name)
    memory = Remembered(Counting())
    for name in ("a", "b"):
        for number in range(3):
            memory.get(tmp_path / name / f"{number}.csv", "content", Reader())
    assert asked == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_a_store_that_cannot_be_written_is_left_alone(records, tmp_path, monkeypatch):
    def refuse(*_):
        raise StoreError("read-only")

    monkeypatch.setattr(records, "remember", refuse)
    memory, reader = Remembered(records), Reader()
    file = written(tmp_path / "rows.csv", "one")
    for _ in range(2):
        assert memory.get(file, "content", reader) == "one"
        memory.flush()
    assert reader.read == ["rows.csv"]
