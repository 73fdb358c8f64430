"""`kill -9` of the controller, of a worker, and of both: the same command goes on, and nothing is lost."""

import os
import random
import signal
import time

import pytest
from sweep_toy import SPACE, Toy, children, lives

TRIALS, KILLS = 20, 30
WORDS = ("sweep", "experiment=toy", *SPACE, f"sweep.trials={TRIALS}", "model.seconds=0.04", "sweep.seed=7")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    toy = Toy(tmp_path_factory.mktemp("undisturbed"))
    done = toy.headway(*WORDS)
    assert done.returncode == 0, done.err
    return toy


@pytest.mark.parametrize("seed", [1])
def test_killed_thirty_times_it_ends_with_the_trials_of_an_undisturbed_one(undisturbed, tmp_path, seed):
    toy, chance, workers, kills = Toy(tmp_path), random.Random(seed), set(), 0
    while kills < KILLS:
        process = toy.start(*WORDS)
        while process.poll() is None and kills < KILLS:
            left = len(undisturbed.events) - len(toy.events)  # an attempt adds some, so that there is more to do
            target = len(toy.events) + chance.randint(0, max(0, 2 * left // (KILLS - kills) - 1))
            if not toy.until(lambda: len(toy.events) >= target, process):  # noqa: B023
                break
            time.sleep(chance.uniform(0, 0.03))
            found = children(process.pid)
            workers |= set(found)
            what = chance.choice(["controller", "worker", "both"])
            kills += kill(process.pid if what != "worker" else None, found if what != "controller" else [])
        process.kill() if kills < KILLS else None
        process.communicate()
        if len([trial for trial in toy.trials if trial.state != "running"]) == TRIALS:
            break
    done = toy.headway(*WORDS)
    assert done.returncode == 0, done.err
    assert kills == KILLS
    assert_same(toy, undisturbed)
    assert_clean(toy, workers)


def kill(controller, workers):
    """Sends SIGKILL; 1 if anybody was hit."""
    hit = 0
    for pid in [*workers, *([controller] if controller else [])]:
        try:
            os.kill(pid, signal.SIGKILL)
            hit = 1
        except ProcessLookupError:
            pass
    return hit


def told(toy):
    return [(trial.params, trial.state, trial.values) for trial in toy.trials]


def assert_same(toy, undisturbed):
    assert told(toy) == told(undisturbed)
    assert len(toy.trials) == TRIALS
    assert [trial.state in ("complete", "pruned") for trial in toy.trials] == [True] * TRIALS
    asks = [event["trial"] for event in toy.events if event["event"] == "ask"]
    tells = [event["trial"] for event in toy.events if event["event"] == "tell"]
    assert asks == sorted(set(asks))
    assert sorted(tells) == sorted(set(tells)) == asks


def assert_clean(toy, workers):
    end = time.monotonic() + 60
    while any(map(lives, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in workers if lives(pid)]
    verified = toy.headway("store", "verify")
    assert verified.returncode == 0, verified.out
    assert list((toy.folder / ".headway" / "tmp").iterdir()) == []
    runs = toy.headway("runs", "list", "--status", "running")
    assert "trial" not in runs.out


def test_a_worker_that_is_killed_is_replaced_and_its_trial_goes_on_from_its_checkpoint(undisturbed, tmp_path):
    toy = Toy(tmp_path)
    process = toy.start(*WORDS)
    assert toy.until(lambda: len([e for e in toy.events if e["event"] == "report"]) >= 2, process)
    for pid in children(process.pid):
        os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "begun again" in err
    assert told(toy) == told(undisturbed)
    steps = [line for line in toy.computed if line.startswith("step")]
    assert len(steps) - len(set(steps)) <= 1  # the step that was being taken


def test_a_controller_that_is_killed_leaves_no_worker(tmp_path):
    toy = Toy(tmp_path)
    process = toy.start(*WORDS, "sweep.workers=2", "model.seconds=5")
    assert toy.until(lambda: len(children(process.pid)) == 2 and toy.events, process)
    workers = children(process.pid)
    process.kill()
    process.communicate()
    end = time.monotonic() + 60
    while any(map(lives, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(lives, workers))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sweep_that_is_interrupted_goes_on(undisturbed, tmp_path, number):
    toy = Toy(tmp_path)
    process = toy.start(*WORDS)
    assert toy.until(lambda: len(toy.trials) >= 3, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert "the same command goes on" in err
    assert toy.headway(*WORDS).returncode == 0
    assert told(toy) == told(undisturbed)


def test_two_controllers_do_not_share_a_study(tmp_path):
    toy = Toy(tmp_path)
    first = toy.start(*WORDS, "model.seconds=0.5")
    assert toy.until(lambda: toy.events, first)
    second = toy.headway(*WORDS, "model.seconds=0.5")
    assert second.returncode == 1
    assert "being swept by another process" in second.err
    assert "sweep.name=" in second.err
    assert toy.headway("sweep", "stop", "toy").returncode == 0
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert "stopped; the same command goes on" in out
    assert toy.headway("sweep", "stop", "toy").returncode == 2
    assert len(toy.trials) < TRIALS


def test_a_torn_last_line_is_forgotten(undisturbed, tmp_path):
    toy = Toy(tmp_path)
    process = toy.start(*WORDS)
    assert toy.until(lambda: len(toy.trials) >= 4, process)
    process.kill()
    process.communicate()
    path = tmp_path / ".headway" / "studies" / "toy" / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"\n", 0, len(whole) - 1) + 20])
    done = toy.headway(*WORDS)
    assert done.returncode == 0, done.err
    assert told(toy) == told(undisturbed)


def test_a_damaged_journal_is_told_and_left_as_it_is(tmp_path):
    toy = Toy(tmp_path)
    assert toy.headway(*WORDS, "sweep.trials=3", "model.seconds=0").returncode == 0
    path = tmp_path / ".headway" / "studies" / "toy" / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:10] + b"#" + lines[2][11:]
    path.write_bytes(b"".join(lines))
    done = toy.headway(*WORDS, "sweep.trials=4", "model.seconds=0")
    assert done.returncode == 1
    assert "journal.jsonl" in done.err
    assert "line 3" in done.err or ":3" in done.err
    assert path.read_bytes() == b"".join(lines)


def test_a_full_disk_ends_the_sweep_and_no_trial_is_lost_for_it(undisturbed, tmp_path):
    toy = Toy(tmp_path)
    (tmp_path / "full").touch()
    full = toy.headway(*WORDS)
    assert full.returncode == 1
    assert "no space is left" in full.err
    assert [trial.state for trial in toy.trials] == ["running"]
    (tmp_path / "full").unlink()
    assert toy.headway(*WORDS).returncode == 0
    assert told(toy) == told(undisturbed)
