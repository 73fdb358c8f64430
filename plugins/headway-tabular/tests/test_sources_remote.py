"""URLs as sources."""

import functools
import http.server
import os
import threading

import pytest
from headway import DataError
from headway_tabular.sources.fingerprints import path_fingerprint
from headway_tabular.sources.needs import missing
from headway_tabular.sources.options import ReadOptions
from headway_tabular.sources.remote import fetch
from headway_tabular.sources.scan import scan


@pytest.fixture
def read(tmp_path):
    return lambda url: scan(url, ReadOptions(), tmp_path / "work").collect()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *given): ...


@pytest.fixture
def server(tmp_path):
    """A web server on the loopback that serves the folder `web`."""
    (tmp_path / "web").mkdir()
    handler = functools.partial(_Quiet, directory=tmp_path / "web")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def test_files_folders_and_globs_of_an_object_store_are_read(memory, read):
    for year in (2013, 2014):
        memory.pipe(f"/bucket/rows/year={year}/part.csv", b"a\n%d\n" % year)
    memory.pipe("/bucket/rows/_SUCCESS", b"")
    assert read("memory://bucket/rows/year=2013/part.csv").rows() == [("2013",)]
    assert read("memory://bucket/rows").rows() == [("2013", "2013"), ("2014", "2014")]
    assert read("memory://bucket/rows/year=*/*.csv").rows() == [("2013", "2013"), ("2014", "2014")]
    assert read("memory://bucket/rows/*4").rows() == [("2014", "2014")]


def test_a_file_is_fetched_once_for_each_version(memory, tmp_path, monkeypatch):
    memory.pipe("/rows.csv", b"a\n1\n")
    url, work = "memory://rows.csv", tmp_path / "work"
    copy = fetch(url, work)
    monkeypatch.setattr(type(memory), "open", None)
    assert fetch(url, work) == copy
    monkeypatch.undo()
    memory.pipe("/rows.csv", b"a\n2\n")
    assert fetch(url, work).read_bytes() == b"a\n2\n"
    assert [path.name for path in work.rglob(".*")] == []


def test_a_broken_transfer_leaves_nothing(memory, tmp_path, monkeypatch):
    memory.pipe("/rows.csv", b"a\n1\n")
    told = type(memory).info
    monkeypatch.setattr(type(memory), "info", lambda self, path: told(self, path) | {"size": 9})
    with pytest.raises(DataError, match="was cut off: 4 of 9 bytes came"):
        fetch("memory://rows.csv", tmp_path / "work")
    assert [path for path in (tmp_path / "work").rglob("*") if path.is_file()] == []


def test_a_web_server_is_read_and_its_versions_are_known(server, read, tmp_path):
    file = tmp_path / "web" / "rows.csv"
    file.write_bytes(b"a\n1\n")
    url = f"{server}/rows.csv?key=hunter2"
    assert read(url).rows() == [("1",)]
    told = path_fingerprint(url)
    assert told == path_fingerprint(url) is not None
    file.write_bytes(b"a\n2\n")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert path_fingerprint(url) != told
    assert read(url).rows() == [("2",)]


def test_a_store_that_tells_of_no_version_is_never_known(memory, monkeypatch):
    memory.pipe("/rows.csv", b"a\n1\n")
    assert path_fingerprint("memory://rows.csv") is not None
    monkeypatch.setattr(type(memory), "info", lambda self, path: {"name": path, "size": 4, "type": "file"})
    assert path_fingerprint("memory://rows.csv") is None


def test_names_of_a_store_never_leave_the_work_folder(memory, tmp_path, monkeypatch):
    memory.pipe("/bucket/rows.csv", b"a\n1\n")
    names = {"/bucket/../../escaped.csv": {"name": "/bucket/../../escaped.csv", "size": 4, "type": "file"}}
    monkeypatch.setattr(type(memory), "find", lambda self, path, **more: names)
    with pytest.raises(DataError, match="there are no files"):
        fetch("memory://bucket", tmp_path / "work")


def test_what_is_wrong_is_told_without_what_the_url_hides(memory, server, read, tmp_path):
    faults = {
        "memory://bucket/none.csv": "there is no file memory://bucket/none.csv",
        "memory://bucket/none-*.csv": "there are no files memory://bucket/none-*.csv",
        f"{server}/none.csv?key=hunter2": f"there is no file {server}/none.csv",
        "http://me:hunter2@127.0.0.1:9/rows.csv?key=hunter2": "http://127.0.0.1:9/rows.csv cannot be read",
        "s4://bucket/rows.csv": "unknown kind of URL 's4://'; did you mean 's3://'?",
    }
    for url, what in faults.items():
        with pytest.raises(DataError) as caught:
            read(url)
        assert what in caught.value.what
        assert "hunter2" not in caught.value.render()


def test_a_library_that_is_missing_is_told_before_anything_runs():
    assert missing("memory://rows.csv") == missing("pkg://package/rows.csv") == missing("rows.csv") == []
    (lack,) = missing("s3://bucket/rows.csv")
    assert (lack.code, lack.hint) == ("missing-library", "pip install s3fs")
    (lack,) = missing("sftp://host/rows.csv")
    assert lack.hint == "pip install paramiko"
