import fcntl
import os
import signal
import subprocess
import sys
import threading
import time

from headway.store import KeyLock, is_held

HOLD = """
import sys, time
from pathlib import Path
from headway.store import KeyLock
with KeyLock(Path(sys.argv[1]), "key"):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(root):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(root)], stdout=subprocess.PIPE, text=True)
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
