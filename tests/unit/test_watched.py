import importlib
import os
import sys

import pytest
from headway.watched import Watch, content_of, sha256, stamp_of


def looked(file):
    return stamp_of(file.stat()), sha256(file)


def asked(path):
    """A question for what has changed of a source as it is now."""
    stamp, digest = content_of(path, looked)
    watched, components = {"content": {"path": (str(path), stamp)}}, {"content": {"path": digest}}
    return lambda digest=sha256: list(Watch({"content": digest}).changed(watched, components))


@pytest.fixture
def rows(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / "rows" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "rows" / name).write_text("one\n")
    return tmp_path / "rows"


@pytest.mark.parametrize("name", ["a.csv", ".", "*.csv"])
@pytest.mark.parametrize("how", ["written", "replaced", "removed"])
def test_a_source_that_changes_is_told(rows, name, how):
    ask = asked(rows / name)
    assert ask() == []
    if how == "written":
        (rows / "a.csv").write_text("two!\n")
    elif how == "replaced":
        (rows / "new").write_text("two\n")
        (rows / "new").replace(rows / "a.csv")
    else:
        (rows / "a.csv").unlink()
    assert ask() == [rows / name]


@pytest.mark.parametrize("name", ["a.csv", ".", "*.csv"])
def test_a_source_that_is_only_touched_is_read_and_not_told(rows, name):
    ask, read = asked(rows / name), []

    def digest(file):
        read.append(file.name)
        return sha256(file)

    assert ask(digest) == []
    assert read == []
    os.utime(rows / "a.csv", (1.0, 1.0))
    assert ask(digest) == []
    assert "a.csv" in read


@pytest.mark.parametrize("name", [".", "*.csv"])
def test_a_file_that_is_new_in_a_folder_is_told(rows, name):
    ask = asked(rows / name)
    (rows / "c.csv").write_text("three\n")
    assert ask() == [rows / name]


def test_a_module_stays_what_it_was_when_it_was_imported(tmp_path, monkeypatch):
    watch, path = Watch({"source": sha256}), tmp_path / "watched_module.py"
    path.write_text("V = 1")
    stamp, digest = looked(path)
    given = {"source": {"watched_module": (str(path), stamp)}}, {"source": {"watched_module": digest}}
    assert list(watch.changed(*given)) == [], "it is not imported yet"
    path.write_text("V = 2 # later")
    assert list(watch.changed(*given)) == [path]
    path.write_text("V = 1")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("watched_module")
    assert list(watch.changed(*given)) == [], "it is as the key says"
    path.write_text("V = 2 # later")
    assert list(watch.changed(*given)) == []
    assert list(Watch({"source": sha256}).changed(*given)) == [path], "another process may import what is there now"
    monkeypatch.delitem(sys.modules, "watched_module")
