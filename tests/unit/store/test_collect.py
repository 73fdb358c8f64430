"""What a store no longer needs, and a collection that is killed anywhere."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from headway.errors import StoreError
from headway.store import KeyLock, open_store
from headway.store.collect import Rule, garbage, remove
from headway.store.verify import faults, record_faults, repair
from headway.testing.records import RUN, STAGE
from headway.testing.stores import Notes, save

DAY = 86_400.0
RULE = Rule(keep=1)


def key_of(number):
    return f"{number:064x}"


@pytest.fixture
def store(tmp_path):
    """Runs 0 to 3 of adult and 4 of flights, each with an artifact of its own, all old."""
    store = open_store(tmp_path / "store")
    for number in range(5):
        record(store, number, name="flights" if number == 4 else "adult")
    age(store, 30 * DAY)
    return store


def record(store, number, status="done", **changes):
    entry = save(store.artifacts, key_of(number), f"note {number}")
    run = replace(RUN, **({"id": f"run-{number}", "created": "2026-01-01T00:00:00+00:00"} | changes))
    store.records.open_run(run)
    store.records.write_stage(run.id, replace(STAGE, key=key_of(number), digest=entry.digest))
    store.artifacts.open_folder(run.id)
    store.artifacts.link(run.id, "model", entry.digest)
    store.records.close_run(run.id, status, 1.0)


def work_of(store, number):
    folder = store.artifacts.work_folder(key_of(number))
    folder.mkdir(parents=True)
    (folder / "state").write_text("x")


def ruin_records(store):
    store.records.close()
    (store.root / "headway.db").write_bytes(b"no database" * 1000)


def age(store, seconds):
    at = time.time() - seconds
    for path in store.root.rglob("*"):
        if "headway.db" not in path.name:
            os.utime(path, (at, at), follow_symlinks=False)


def left(store):
    return [number for number in range(9) if store.artifacts.find(key_of(number))]


def collect(store, rule=RULE):
    with store.alone():
        return list(remove(store, garbage(store, rule)))


@pytest.mark.parametrize(("keep", "expected"), [(5, [0, 1, 2, 3, 4]), (2, [2, 3, 4]), (1, [3, 4]), (0, [])])
def test_the_newest_runs_of_every_name_keep_what_they_need(store, keep, expected):
    removed = collect(store, Rule(keep))
    assert left(store) == expected
    assert sum(item.kind == "artifact" for item in removed) == 5 - len(expected)
    assert len(store.records.list()) == 5
    assert collect(store, Rule(keep)) == []


def test_what_is_removed_is_gone_from_every_folder(store):
    collect(store, Rule(0))
    kept = [path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if not path.is_dir()]
    assert [name for name in kept if not name.startswith("headway.db")] == ["store.lock"]


def test_tagged_runs_keep_what_they_need(store):
    store.records.tag("run-1", "paper")
    collect(store)
    assert left(store) == [1, 3, 4]


def test_running_runs_keep_what_they_need(store):
    store.records.open_run(replace(RUN, id="alive", name="adult"))
    shown = store.records.show("run-0").stages[0]
    store.records.write_stage("alive", shown)
    store.records.open_run(replace(RUN, id="newer", name="adult"))
    collect(store)
    assert left(store) == [0, 4]
    for run in ("alive", "newer"):
        store.records.close_run(run, "done", 1.0)


def test_what_is_young_is_kept(store):
    record(store, 5, created=datetime.now(UTC).isoformat())
    record(store, 6)
    collect(store, Rule(1, young=DAY))
    assert left(store) == [4, 5, 6]
    age(store, 2 * DAY)
    collect(store, Rule(1, young=DAY))
    assert left(store) == [4, 5, 6], "run 5 is young, run 6 is the newest"


def test_what_young_runs_use_is_kept_however_old_it_is(store):
    shown = store.records.show("run-1").stages[0]
    for number in (7, 8):
        run = replace(RUN, id=f"run-{number}", name="adult", created=datetime.now(UTC).isoformat())
        store.records.open_run(run)
        store.records.write_stage(run.id, replace(shown, digest=shown.digest if number == 7 else None))
        store.records.close_run(run.id, "done", 1.0)
    collect(store)
    assert left(store) == [1, 4]


def test_what_is_from_the_future_is_kept(store):
    age(store, -30 * DAY)
    assert collect(store, Rule(0)) == []


def test_every_entry_that_leads_to_something_kept_is_kept(store):
    save(store.artifacts, key_of(8), "note 3")
    save(store.artifacts, key_of(7), "note 0")
    age(store, 30 * DAY)
    collect(store)
    assert left(store) == [3, 4, 8]


def test_work_folders_are_kept_while_they_are_locked_or_needed(store):
    for number in (3, 5, 6):
        work_of(store, number)
    age(store, 30 * DAY)
    with KeyLock(store.root, key_of(5)):
        collect(store)
    assert {item.name for item in store.artifacts.contents() if item.kind == "work"} == {key_of(3), key_of(5)}


def test_locks_of_killed_processes_are_removed_and_those_that_are_held_are_not(store):
    (store.root / "locks").mkdir(exist_ok=True)
    (store.root / "locks" / "stale.lock").touch()
    held = KeyLock(store.root, "held")
    held.acquire()
    age(store, 30 * DAY)
    collect(store)
    assert [path.name for path in (store.root / "locks").iterdir()] == ["held.lock"]
    held.release()


def test_damaged_entries_go_with_time(store):
    (store.root / "entries" / f"{key_of(3)}.json").write_text("{")
    collect(store)
    assert (store.root / "entries" / f"{key_of(3)}.json").exists(), "it is young"
    age(store, 30 * DAY)
    collect(store)
    assert not (store.root / "entries" / f"{key_of(3)}.json").exists()


def test_without_records_nothing_is_removed(store):
    store.records.close()
    (store.root / "headway.db").unlink()
    alone = open_store(store.root)
    with pytest.raises(StoreError, match="no records of runs"):
        garbage(alone, RULE)
    assert left(store) == [0, 1, 2, 3, 4]
    assert len(garbage(alone, Rule(0))) == 15


def test_with_damaged_records_nothing_is_removed(store):
    ruin_records(store)
    with pytest.raises(StoreError, match="damaged"):
        garbage(open_store(store.root), Rule(0))


class Killed(BaseException):
    """Stands for a kill: no handler for errors sees it."""


STEPS = ("unlink", "rename", "rmdir", "replace")


def steps_of_collecting(store, monkeypatch, stop_at=None):
    done = []
    for name in STEPS:
        real = getattr(os, name)

        def step(*arguments, real=real, **more):
            number = len(done)
            done.append(arguments)
            if stop_at == (number, "before"):
                raise Killed
            result = real(*arguments, **more)
            if stop_at == (number, "after"):
                raise Killed
            return result

        monkeypatch.setattr(os, name, step)
    try:
        collect(store)
    finally:
        monkeypatch.undo()
    return len(done)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_a_collection_leaves_a_valid_store(tmp_path, monkeypatch, when):
    def fresh(name):
        store = open_store(tmp_path / name)
        for number in range(3):
            record(store, number)
        work_of(store, 0)
        age(store, 30 * DAY)
        return store

    count = steps_of_collecting(fresh("count"), monkeypatch)
    assert count > 12
    for number in range(count):
        store = fresh(f"{number}")
        with pytest.raises(Killed):
            steps_of_collecting(store, monkeypatch, (number, when))
        again = open_store(store.root)
        assert list(faults(again)) == []
        for item in again.artifacts.contents():
            if item.kind == "entry":
                assert again.artifacts.load(item.digest, Notes())
        assert left(again)[-1] == 2
        collect(again)
        assert left(again) == [2]
        with again.in_use():
            assert list((store.root / "tmp").iterdir()) == []


def test_faults_name_what_is_damaged_and_the_runs_that_used_it(store):
    assert list(faults(store)) == record_faults(store) == []
    digests = [store.artifacts.find(key_of(number)).digest for number in range(3)]
    (store.artifacts.path(digests[0]) / "note.txt").write_text("NOTE 0")
    (store.artifacts.path(digests[1]) / "note.txt").unlink()
    (store.root / "entries" / f"{key_of(2)}.json").write_text("{")
    found = {fault.item.name: fault for fault in faults(store)}
    assert set(found) == {digests[0], digests[1], key_of(2)}
    assert found[digests[0]].runs == ("run-0",)
    assert "is damaged" in found[digests[0]].what
    with store.alone():
        repair(store, list(found.values()))
    assert list(faults(store)) == []
    assert left(store) == [3, 4]
    assert not (store.artifacts.run_folder("run-0") / "model").is_symlink()


def test_damaged_records_are_a_fault_beside_those_of_artifacts(store):
    digest = store.artifacts.find(key_of(0)).digest
    (store.artifacts.path(digest) / "note.txt").unlink()
    ruin_records(store)
    alone = open_store(store.root)
    assert [(fault.item.name, fault.runs) for fault in faults(alone)] == [(digest, ())]
    assert "damaged" in record_faults(alone)[0]
