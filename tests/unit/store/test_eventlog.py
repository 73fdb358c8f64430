"""A journal that is only appended to: torn anywhere, full disks, and lines that changed."""

import errno
import json
import math
import os

import pytest
from headway.errors import StoreError
from headway.store.eventlog import EventLog, opened, read, sealed
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.lists(st.dictionaries(st.text(max_size=6) | st.just("crc"), VALUES, max_size=4), max_size=6)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("journals") / "journal.jsonl"


def write(path, *events):
    with EventLog(path) as log:
        for event in events:
            log.append(event)


def events_of(path):
    return list(read(path).events)


@given(event=st.dictionaries(st.text(max_size=6) | st.just("crc"), VALUES, max_size=5))
def test_a_line_is_one_json_object_that_reads_back(event):
    line = sealed(event)
    assert line.count(b"\n") == 1
    assert opened(line[:-1]) == event
    assert json.loads(line)["crc"] == line[-11:-3].decode() if event else True


@given(events=EVENTS, data=st.data())
def test_cut_at_any_byte_the_whole_events_are_read_and_appending_goes_on(shared, events, data):
    shared.unlink(missing_ok=True)
    write(shared, *events)
    content = shared.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    shared.write_bytes(content[:cut])
    whole = events[: content[:cut].count(b"\n")]
    assert events_of(shared) == whole
    write(shared, {"event": "ask", "trial": 7})
    assert events_of(shared) == [*whole, {"event": "ask", "trial": 7}]


@given(event=st.dictionaries(st.text(max_size=6), VALUES, min_size=1, max_size=4), data=st.data())
def test_any_changed_byte_is_noticed(event, data):
    line = bytearray(sealed(event)[:-1])
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= data.draw(st.integers(1, 255))
    assert opened(bytes(line)) is None


def test_nothing_is_read_of_a_journal_that_is_not_there(path):
    assert read(path).events == ()
    assert not path.exists()


def test_a_line_that_changed_before_others_is_an_error_and_stays(path):
    write(path, {"value": 0.125}, {"value": 0.25}, {"value": 0.5})
    changed = path.read_bytes().replace(b"0.25", b"0.26")
    path.write_bytes(changed)
    for use in (read, EventLog):
        with pytest.raises(StoreError, match="line 2 of a journal") as caught:
            use(path)
        assert (caught.value.where.source, caught.value.where.line) == (str(path), 2)
        assert "0.26" in caught.value.where.text
        assert "delete this line and all that follow" in caught.value.hint
    assert path.read_bytes() == changed
    path.write_bytes(changed.split(b"\n")[0] + b"\n")
    assert events_of(path) == [{"value": 0.125}]


def test_a_last_line_that_changed_is_left_out_told_and_cut_off(path):
    write(path, {"value": 0.125}, {"value": 0.25})
    path.write_bytes(path.read_bytes().replace(b"0.25", b"0.26"))
    assert (events_of(path), read(path).damaged) == ([{"value": 0.125}], 2)
    write(path, {"value": 0.5})
    assert (events_of(path), read(path).damaged) == ([{"value": 0.125}, {"value": 0.5}], None)


@pytest.mark.parametrize("rest", [b"\0" * 50, b"\0" * 50 + b"\n", b"\n", b"[]\n", b"\xff\n", b'{"event": "ask"}\n'])
def test_what_never_was_an_event_is_none(path, rest):
    write(path, {"value": 1})
    path.write_bytes(path.read_bytes() + rest)
    assert events_of(path) == [{"value": 1}]
    write(path, {"value": 2})
    assert events_of(path) == [{"value": 1}, {"value": 2}]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_not_are_refused_and_nothing_is_written(path, number):
    with EventLog(path) as log:
        with pytest.raises(ValueError, match="Out of range"):
            log.append({"value": number})
        log.append({"value": 1})
    assert events_of(path) == [{"value": 1}]


def failing(monkeypatch, name, error, times=1, before=None):
    """Lets a function of `os` fail `times` times, after doing what `before` does."""
    real, left = getattr(os, name), [times]

    def call(*arguments):
        if left[0] == 0:
            return real(*arguments)
        left[0] -= 1
        if before is not None:
            before(real, *arguments)
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, name, call)


def half(real, descriptor, line):
    real(descriptor, line[: len(line) // 2])


@pytest.mark.parametrize("before", [None, half])
def test_a_full_disk_is_told_and_leaves_whole_lines(path, monkeypatch, before):
    with EventLog(path) as log:
        log.append({"value": 1})
        failing(monkeypatch, "write", errno.ENOSPC, before=before)
        with pytest.raises(StoreError, match="no space is left on the disk") as caught:
            log.append({"value": 2})
        assert caught.value.code == "disk-full"
        assert events_of(path) == [{"value": 1}]
        assert path.read_bytes() == sealed({"value": 1})
        log.append({"value": 3})
    assert events_of(path) == [{"value": 1}, {"value": 3}]


def test_a_disk_that_fills_within_a_line_refuses_the_rest(path, monkeypatch):
    real, calls = os.write, []

    def full(descriptor, line):
        calls.append(line)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, line[:5])

    with EventLog(path) as log:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StoreError, match="no space is left"):
            log.append({"value": 2})
    assert path.read_bytes() == b""


def test_a_line_that_could_not_be_cut_off_is_cut_off_before_the_next(path, monkeypatch):
    with EventLog(path) as log:
        log.append({"value": 1})
        failing(monkeypatch, "write", errno.EIO, before=half)
        failing(monkeypatch, "ftruncate", errno.EIO, times=2)
        for _ in range(2):
            with pytest.raises(StoreError, match=os.strerror(errno.EIO)):
                log.append({"value": 2})
        assert events_of(path) == [{"value": 1}]
        log.append({"value": 3})
    assert events_of(path) == [{"value": 1}, {"value": 3}]


def test_a_disk_that_refuses_to_sync_takes_the_line_back(path, monkeypatch):
    with EventLog(path) as log:
        failing(monkeypatch, "fsync", errno.ENOSPC)
        log.append({"value": 1})
        with pytest.raises(StoreError, match="no space is left"):
            log.append({"value": 2}, durable=True)
        log.append({"value": 3}, durable=True)
    assert events_of(path) == [{"value": 1}, {"value": 3}]


def test_only_durable_lines_are_synced_and_each_is_one_write(path, monkeypatch):
    calls = []
    for name in ("write", "fsync"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, name=name, real=real: (calls.append(name), real(*a))[1])
    with EventLog(path) as log:
        log.append({"value": 1})
        log.append({"value": 2}, durable=True)
    assert calls == ["write", "write", "fsync"]
