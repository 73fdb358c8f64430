"""Nothing is lost, half or locked, wherever a run is killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.conftest import write_toy
from tests.integration.killing import look
from tests.integration.test_run import wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """What the driver reports: the undisturbed run, and one line a boundary."""
    toy = write_toy(tmp_path_factory.mktemp("killed") / "toy")
    command = [sys.executable, "-m", "tests.integration.killing", str(toy.folder)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "TOY_LOG": os.devnull}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    first, *lines = map(json.loads, done.stdout.splitlines())
    assert first["code"] == 0
    return first, lines


def test_every_boundary_of_saving_was_tried(killed):
    first, lines = killed
    assert [line["name"] for line in lines] == first["boundaries"]
    assert [line["killed"] for line in lines] == [-signal.SIGKILL] * len(lines)
    for name in ("fsync", "rename", "replace", "commit"):
        for when in ("before", "after"):
            assert first["boundaries"].count(f"{when} {name}") >= 3, "each of three stages saves and records"


def test_a_killed_run_leaves_nothing_half(killed):
    for line in killed[1]:
        left = line["before"]
        assert (left["faults"], left["missing"], left["held"]) == ([], [], []), line
        assert set(left["statuses"]) <= {"interrupted", "done"}, line
        assert left["digests"].items() <= killed[0]["after"]["digests"].items(), line


def test_the_same_command_ends_in_the_same_digests(killed):
    wanted = killed[0]["after"]["digests"]
    assert len(wanted) == 3
    for line in killed[1]:
        after = line["after"]
        assert line["code"] == 0, line
        assert after["digests"] == wanted, line
        assert (after["faults"], after["missing"], after["held"], after["scratch"]) == ([], [], [], []), line
        assert after["statuses"][0] == "done", line


def test_of_two_at_once_one_is_killed_and_the_other_goes_on(toys):
    undisturbed, both = toys
    assert undisturbed.headway("run", "experiment=toy").returncode == 0
    first = both.start("run", "experiment=toy", "model.seconds=60")
    wait_for(lambda: "model" in both.headway("runs", "show", "latest").stdout)
    second = both.start("run", "experiment=toy", "model.seconds=0.1")
    told = next((line for line in second.stderr if "waits: another process is computing it" in line), None)
    assert told is not None, "it waits for the one that computes the same"
    assert second.poll() is None
    first.kill()
    first.communicate()
    _, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors
    found = look(both.folder)
    assert (found["faults"], found["missing"], found["held"]) == ([], [], [])
    assert found["digests"] == undisturbed.digests()
    assert sorted(found["statuses"]) == ["done", "interrupted"]


@pytest.mark.slow
@pytest.mark.parametrize("isolate", ["true", "false"])
def test_killed_at_random_moments_the_same_command_ends_in_the_same_digests(toys, isolate):
    undisturbed, disturbed = toys
    words = ("run", "experiment=toy", f"runner.isolate={isolate}")
    start = time.monotonic()
    assert undisturbed.headway(*words).returncode == 0
    seconds, draw = time.monotonic() - start, random.Random(7)
    wanted = undisturbed.digests()
    for moment in range(50):
        run = disturbed.start(*words)
        time.sleep(draw.uniform(0.2, 1.1) * seconds)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        wait_for(lambda: not look(disturbed.folder)["held"], 10)
        found = look(disturbed.folder)
        assert (found["faults"], found["missing"]) == ([], []), moment
        assert found["digests"].items() <= wanted.items()
        if len(found["digests"]) == 3:
            assert disturbed.headway("store", "gc", "--keep", "0", "--younger-than", "0s").returncode == 0
            assert disturbed.digests() == {}
    assert disturbed.headway(*words).returncode == 0
    assert disturbed.digests() == wanted
