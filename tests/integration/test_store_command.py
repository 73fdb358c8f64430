"""`headway store size|verify|gc` as a user types it, and a store in trouble."""

import json
import os
import subprocess
import sys

import pytest

from tests.integration.test_run import wait_for


def age(toy, days=30):
    """Makes everything in the store look old, also its runs."""
    import sqlite3

    root = toy.folder / ".headway"
    at = 1_500_000_000
    for path in root.rglob("*"):
        if "headway.db" not in path.name:
            os.utime(path, (at, at), follow_symlinks=False)
    with sqlite3.connect(root / "headway.db") as connection:
        connection.execute("update runs set created = '2020-01-01T00:00:00.000+00:00'")
    connection.close()


def everything(folder):
    paths = sorted(folder.rglob("*"))
    return {str(path): path.read_bytes() for path in paths if path.is_file()} | {"paths": list(map(str, paths))}


@pytest.fixture
def ran(toy):
    """Three runs, of which each has a model of its own."""
    for power in (1, 2, 3):
        done = toy.headway("run", "experiment=toy", f"model.power={power}", "runner.isolate=false")
        assert done.returncode == 0, done.stderr
    return toy


def test_size_says_what_lies_where(ran):
    lines = ran.headway("store", "size").stdout.splitlines()
    counts = {" ".join(line.split()[:-3]): line.split()[-3] for line in lines[1:-2] if line}
    assert counts == {"artifact note": "7", "entry": "7", "total": "14"}
    assert "would free 0 B" in lines[-1]
    size = json.loads(ran.headway("store", "size", "--format", "json").stdout)
    assert size["parts"]["artifact note"]["count"] == 7
    assert size["bytes"] > 0
    assert size["gc_frees"] == 0


def test_gc_keeps_what_the_newest_runs_need_and_the_others_stay_listed(ran):
    age(ran)
    planned = ran.headway("store", "gc", "--keep", "1", "--dry-run")
    assert "4 artifacts" in planned.stdout
    assert "nothing was" in planned.stdout
    assert len(ran.digests()) == 7
    done = ran.headway("store", "gc", "--keep", "1")
    assert done.returncode == 0, done.stderr
    assert "4 artifacts" in done.stdout
    assert len(ran.digests()) == 3
    listed = json.loads(ran.headway("runs", "list", "--format", "json").stdout)
    assert len(listed) == 3
    assert "artifact removed" in ran.headway("runs", "show", listed[-1]["id"]).stdout
    assert "artifact removed" not in ran.headway("runs", "show", "latest").stdout
    assert "0 of 3 stages would run" in ran.headway("plan", "experiment=toy", "model.power=3").stdout
    again = ran.headway("run", "experiment=toy", "model.power=1", "runner.isolate=false")
    assert again.returncode == 0
    assert "cached" in again.stderr


def test_gc_keeps_tagged_runs_and_young_ones(ran):
    ran.headway("store", "gc", "--keep", "0")
    assert len(ran.digests()) == 7, "all are younger than a day"
    age(ran)
    oldest = json.loads(ran.headway("runs", "list", "--format", "json").stdout)[-1]["id"]
    assert ran.headway("runs", "tag", oldest, "paper").returncode == 0
    ran.headway("store", "gc", "--keep", "0")
    assert len(ran.digests()) == 3
    assert "0 of 3" in ran.headway("plan", "experiment=toy", "model.power=1").stdout


def test_gc_refuses_at_once_while_a_run_works_and_names_it(ran):
    age(ran)
    run = ran.start("run", "experiment=toy", "model.power=4", "model.seconds=60")
    wait_for(lambda: "running" in ran.headway("runs", "list").stdout)
    refused = ran.headway("store", "gc", "--keep", "0")
    assert refused.returncode == 1
    assert "in use by 1 run: " in refused.stderr
    assert len(ran.digests()) >= 7
    run.kill()
    run.communicate()
    wait_for(lambda: ran.headway("store", "gc", "--keep", "0").returncode == 0)


def test_verify_names_what_is_damaged_and_who_used_it_and_repairs(ran):
    assert ran.headway("store", "verify").stdout == "everything is as it was saved\n"
    before = ran.digests()
    damaged = ran.folder / ".headway" / "runs" / "latest" / "model"
    (damaged / "note.json").write_text("[9,9,9]")
    found = ran.headway("store", "verify")
    assert found.returncode == 1
    assert damaged.resolve().name[:12] in found.stdout
    assert "used by 20" in found.stdout
    assert "--repair" in found.stderr
    repaired = ran.headway("store", "verify", "--repair")
    assert repaired.returncode == 0
    assert "1 removed" in repaired.stdout
    assert ran.headway("store", "verify").returncode == 0
    assert ran.headway("run", "experiment=toy", "model.power=3", "runner.isolate=false").returncode == 0
    assert ran.digests() == before


def test_a_store_that_is_not_there_yet_is_empty(toy):
    for words in (["size"], ["verify"], ["verify", "--repair"], ["gc"], ["gc", "--dry-run"]):
        done = toy.headway("store", *words)
        assert done.returncode == 0, done.stderr
    assert not (toy.folder / ".headway").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["store", "cg"], ["unknown action 'cg'", "gc"]),
        (["store", "gc", "--younger-than", "soon"], ["'soon' is no duration", "12h"]),
        (["store", "gc", "--keep", "-1"], ["--keep -1 is no number of runs", "0 keeps none"]),
        (["store", "size", "--keep", "3"], ["--keep is no option of size", "gc"]),
        (["store", "verify", "--dry-run"], ["--dry-run is no option of verify"]),
    ],
)
def test_a_mistake_is_answered(toy, words, parts):
    done = toy.headway(*words)
    assert done.returncode == 2
    for part in parts:
        assert part in done.stderr


def test_a_damaged_database_is_told_and_left_as_it_was(ran):
    path = ran.folder / ".headway" / "headway.db"
    path.write_bytes(path.read_bytes()[:5000])
    before = everything(ran.folder / ".headway")
    for words in (["runs", "list"], ["run", "experiment=toy"], ["store", "gc"], ["store", "verify"]):
        done = ran.headway(*words)
        assert done.returncode == 1, words
        assert "Traceback" not in done.stderr
        assert "damaged" in done.stdout + done.stderr
    after = everything(ran.folder / ".headway")
    assert {k: v for k, v in after.items() if "lock" not in k and k != "paths"} == {
        k: v for k, v in before.items() if "lock" not in k and k != "paths"
    }


def unshared(*words):
    return ["unshare", "-rm", "sh", "-c", *words]


def can_mount():
    try:
        return subprocess.run(unshared("mount -t tmpfs tmpfs /mnt"), capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


mounting = pytest.mark.skipif(not can_mount(), reason="this user may not mount anything")
READ_ONLY = 'mount --bind "$STORE" "$STORE" && mount -o remount,bind,ro "$STORE" && '
SMALL = 'mount -t tmpfs -o size=800k tmpfs "$STORE" && '


def inside(toy, mount, *words):
    """Runs headway where the store is mounted in another way."""
    store = toy.folder / ".headway"
    store.mkdir(exist_ok=True)
    script = mount + '"$@"'
    environment = toy.environment({"STORE": str(store)})
    command = unshared(script, "sh", *toy.command(*words))
    return subprocess.run(command, cwd=toy.folder, env=environment, capture_output=True, text=True, timeout=120)


@mounting
def test_a_read_only_store_is_read_and_not_written(ran):
    before = everything(ran.folder / ".headway")
    for words, part in (
        (["plan", "experiment=toy"], "0 of 3"),
        (["runs", "list"], "power=3"),
        (["runs", "show", "latest"], "summary"),
        (["store", "size"], "artifact note"),
        (["store", "verify"], "as it was saved"),
        (["store", "gc", "--dry-run"], "would be removed"),
    ):
        done = inside(ran, READ_ONLY, *words)
        assert done.returncode == 0, done.stderr
        assert part in done.stdout
        assert done.stderr == ""
    for words in (["run", "experiment=toy"], ["store", "gc"], ["runs", "tag", "latest", "x"]):
        done = inside(ran, READ_ONLY, *words)
        assert done.returncode == 1
        assert done.stderr.count("error[") == 1
        assert "ead-only" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
    assert everything(ran.folder / ".headway") == before


@mounting
def test_a_read_only_store_of_a_killed_run_shows_all_that_was_recorded(ran):
    run = ran.start("run", "experiment=toy", "model.power=9", "model.seconds=60")
    wait_for(lambda: "running" in ran.headway("runs", "list").stdout)
    run.kill()
    run.communicate()
    assert (ran.folder / ".headway" / "headway.db-wal").stat().st_size > 0
    (ran.folder / ".headway" / "headway.db-shm").unlink()
    listed = inside(ran, READ_ONLY, "runs", "list")
    assert listed.returncode == 0, listed.stderr
    assert "interrupted" in listed.stdout
    assert "power=9" in listed.stdout


REMOUNT = """
def _remount():
    import subprocess
    for name in ("tmp", "artifacts", "entries"):
        folder = os.path.join(os.environ["STORE"], name)
        subprocess.run(["mount", "--bind", folder, folder], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)


"""


@mounting
def test_a_store_that_becomes_read_only_fails_the_stage_clearly_and_nothing_is_half(ran):
    ran.edit("plugins/toy.py", "        lengths = [", "        _remount()\n        lengths = [")
    ran.edit("plugins/toy.py", "def headway_register", REMOUNT + "def headway_register")
    before = ran.digests()
    done = inside(ran, "", "run", "experiment=toy", "model.power=5")
    assert done.returncode == 1
    assert "the store cannot save: Read-only file system" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert ran.headway("store", "verify").returncode == 0
    assert "failed" in ran.headway("runs", "list").stdout
    ran.edit("plugins/toy.py", "        _remount()\n", "")
    assert before.items() <= ran.digests().items()
    assert ran.headway("run", "experiment=toy", "model.power=5").returncode == 0


THEN = """
code=$?
"$PYTHON" -m headway.cli.main store verify
"$PYTHON" -m headway.cli.main plan experiment=toy
exit $code
"""


@mounting
def test_a_full_disk_is_told_and_what_was_saved_is_whole(toy):
    toy.edit("plugins/toy.py", "return Note(lengths)", "return Note(['x' * 1_000_000])")
    store = toy.folder / ".headway"
    store.mkdir()
    environment = toy.environment({"STORE": str(store), "PYTHON": sys.executable})
    command = unshared(SMALL + '"$@"' + THEN, "sh", *toy.command("run", "experiment=toy"))
    done = subprocess.run(command, cwd=toy.folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "everything is as it was saved" in done.stdout
    assert "2 of 3 stages would run" in done.stdout


NO_LOCKS = """
import errno, fcntl

def _no_locks(*_):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

fcntl.flock = _no_locks


def headway_register"""


def test_on_a_file_system_without_locks_runs_work_and_one_warning_says_what_does_not(ran):
    before = ran.digests()
    ran.edit("plugins/toy.py", "def headway_register", NO_LOCKS)
    for isolate in ("false", "true"):
        words = ("experiment=toy", "model.power=7" if isolate == "true" else "model.power=8")
        done = ran.headway("run", *words, f"runner.isolate={isolate}")
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("without locks") == 1, done.stderr
    assert len(ran.digests()) > len(before)
    assert [run["status"] for run in json.loads(ran.headway("runs", "list", "--format", "json").stdout)] == ["done"] * 5
    refused = ran.headway("store", "gc")
    assert refused.returncode == 1
    assert "has no locks" in refused.stderr
    two = [ran.start("run", "experiment=toy", "model.power=6", "model.seconds=1") for _ in range(2)]
    errors = [run.communicate(timeout=120)[1] for run in two]
    assert [run.returncode for run in two] == [0, 0], errors
    assert "as it was saved" in ran.headway("store", "verify").stdout
