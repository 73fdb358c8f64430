"""The lock on a whole store: runs share it, what removes things has it alone."""

import errno
import fcntl
import os
import signal
import subprocess
import sys

import pytest
from headway.errors import StoreError
from headway.store import open_store
from headway.testing.records import RUN
from headway.testing.stores import save

WORK = """
import sys, time
from pathlib import Path
from headway.store import open_store
from headway.testing.records import RUN
store = open_store(Path(sys.argv[1]))
with store.in_use():
    store.records.open_run(RUN)
    print("working", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


@pytest.fixture
def working(store):
    process = subprocess.Popen([sys.executable, "-c", WORK, str(store.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "working\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_several_use_it_at_once(store, working):
    with store.in_use(), open_store(store.root).in_use():
        pass


def test_who_wants_it_alone_is_refused_and_told_who_works(store, working):
    with pytest.raises(StoreError, match=f"in use by 1 run: {RUN.id}") as caught, store.alone():
        pass
    assert "nothing was removed" in caught.value.hint
    working.send_signal(signal.SIGKILL)
    working.wait()
    with store.alone():
        pass


def test_who_comes_while_one_has_it_alone_waits(store):
    code = WORK.replace("time.sleep(60)", "")
    with store.alone():
        process = subprocess.Popen([sys.executable, "-c", code, str(store.root)], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.0)
    assert process.communicate(timeout=60)[0] == "working\n"


def scratch(store):
    (store.root / "tmp").mkdir(parents=True, exist_ok=True)
    folder = store.root / "tmp" / "half"
    folder.mkdir()
    (folder / "note.txt").write_text("ha")
    return folder


def test_the_first_to_come_clears_what_was_left_whatever_the_clock_says(store):
    left = scratch(store)
    os.utime(left, (2e10, 2e10))
    with store.in_use():
        assert not left.exists()


def test_locks_of_killed_processes_are_cleared_and_those_that_are_held_are_not(store, working):
    lock = store.root / "locks" / f"run-{RUN.id}.lock"
    with open_store(store.root).in_use():
        assert lock.exists()
    working.kill()
    working.wait()
    assert lock.exists()
    with open_store(store.root).in_use():
        assert not lock.exists()


def test_live_scratch_is_never_cleared_whatever_the_clock_says(store, working):
    left = scratch(store)
    os.utime(left, (1, 1))
    with store.in_use():
        assert left.exists()


def without_locks(number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    return flock


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP], ids=["ENOLCK", "EOPNOTSUPP"])
def no_locks(request, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", without_locks(request.param))
    monkeypatch.setenv("HEADWAY_TOLD_OF_LOCKS", "")


def test_without_locks_there_is_one_warning_and_work_goes_on(store, no_locks, recwarn):
    with store.in_use():
        store.records.open_run(RUN)
        assert open_store(store.root).records.show(RUN.id).status == "running"
        entry = save(store.artifacts)
        store.records.close_run(RUN.id, "done", 1.0)
    assert store.artifacts.find("a" * 64) == entry
    assert len(recwarn) == 1
    assert "without locks" in str(recwarn[0].message)


@pytest.mark.filterwarnings("ignore:the store lies on a file system without locks")
def test_without_locks_a_run_that_died_is_told_by_its_process(store, no_locks):
    child = os.fork()
    if child == 0:
        open_store(store.root).records.open_run(RUN)
        os._exit(0)
    os.waitpid(child, 0)
    assert store.records.show(RUN.id).status == "interrupted"


@pytest.mark.filterwarnings("ignore:the store lies on a file system without locks")
def test_without_locks_nothing_is_removed(store, no_locks):
    left = scratch(store)
    with store.in_use():
        assert left.exists()
    with pytest.raises(StoreError, match="has no locks"), store.alone():
        pass


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_store_that_cannot_be_written_is_told_before_any_work(store, monkeypatch, number):
    store.root.mkdir()
    real = os.open

    def refuse(path, flags, *more, **others):
        if flags & os.O_CREAT:
            raise OSError(number, os.strerror(number), str(path))
        return real(path, flags, *more, **others)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreError, match=os.strerror(number)), store.in_use():
        pytest.fail("it was used")
    assert list(store.root.iterdir()) == []
