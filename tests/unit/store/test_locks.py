import fcntl
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from headway.store import KeyLock, is_held
from headway.store.locks import StoreLock

HOLD = """
import sys, time
from pathlib import Path
from headway.store import KeyLock
with KeyLock(Path(sys.argv[1]), "key"):
    print("held", flush=True)
    time.sleep(60)
"""

FORKED = """
import os, sys, time
from pathlib import Path
from headway.store import KeyLock
from headway.store.locks import StoreLock
store = StoreLock(Path(sys.argv[1]))
store.share()
with KeyLock(Path(sys.argv[1]), "key"):
    if os.fork():
        time.sleep(60)
    if sys.argv[2] == "stay":
        print("held", flush=True)
        time.sleep(10)
store.release()
print("held", flush=True)
time.sleep(10)
"""


def holder(root, *words, what=HOLD):
    command = [sys.executable, "-c", what, str(root), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_is_held_by_one(tmp_path):
    with KeyLock(tmp_path, "key"):
        assert is_held(tmp_path, "key")
        assert not KeyLock(tmp_path, "key").try_acquire()
        assert KeyLock(tmp_path, "other").try_acquire()
    assert not is_held(tmp_path, "key")


def test_a_killed_process_lets_go(tmp_path):
    process = holder(tmp_path)
    assert is_held(tmp_path, "key")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not is_held(tmp_path, "key")
    assert KeyLock(tmp_path, "key").try_acquire()


@pytest.fixture
def forked(tmp_path, request):
    """A process that holds both locks; its child, made by fork, stays in their blocks or leaves them."""
    process = holder(tmp_path, request.param, what=FORKED)
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("forked", ["stay", "leave"], indirect=True)
def test_what_a_process_forked_lets_go_of_no_lock_of_its_parent(tmp_path, forked):
    assert is_held(tmp_path, "key")
    assert not StoreLock(tmp_path).try_alone()


@pytest.mark.parametrize("forked", ["stay", "leave"], indirect=True)
def test_what_a_killed_process_forked_keeps_none_of_its_locks(tmp_path, forked):
    forked.kill()
    forked.wait()
    assert not is_held(tmp_path, "key")
    store = StoreLock(tmp_path)
    assert store.try_alone()
    store.release()


def test_who_looks_at_the_same_time_is_none_who_holds_it(tmp_path):
    lock = tmp_path / "locks" / "key.lock"
    lock.parent.mkdir()
    lock.touch()
    with lock.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not is_held(tmp_path, "key")


def test_who_waits_is_told_and_goes_on(tmp_path):
    process, told = holder(tmp_path), []
    threading.Timer(0.3, process.kill).start()
    start = time.monotonic()
    with KeyLock(tmp_path, "key", on_wait=lambda: told.append(1)):
        assert time.monotonic() - start > 0.2
    assert told == [1]
    process.communicate()


def test_nothing_is_left_behind(tmp_path):
    with KeyLock(tmp_path, "key"):
        pass
    assert os.listdir(tmp_path / "locks") == []  # noqa: PTH208


def test_many_threads_never_hold_it_together(tmp_path):
    inside, most = [0], [0]

    def work():
        for _ in range(20):
            with KeyLock(tmp_path, "key"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1
