"""`headway run` and its kin on a light pipeline, as a user types them."""

import json
import os
import signal
import subprocess
import time

import pytest


def test_a_run_executes_every_stage_and_a_second_one_none(toy):
    first = toy.headway("run", "experiment=toy")
    assert first.returncode == 0, first.stderr
    assert "model" in first.stderr
    assert "done in" in first.stderr
    second = toy.headway("run", "experiment=toy")
    assert second.returncode == 0
    assert second.stderr.count("cached") == 3
    assert toy.computed() == ["count 1"]


def test_piped_output_has_no_terminal_codes(toy):
    done = toy.headway("run", "experiment=toy")
    assert "\x1b" not in done.stdout + done.stderr


def test_a_plan_executes_nothing(toy):
    plan = toy.headway("plan", "experiment=toy")
    assert plan.returncode == 0, plan.stderr
    assert plan.stdout.count("run — not run before") == 3
    assert "3 of 3 stages would run" in plan.stdout
    assert toy.computed() == []


def test_a_changed_value_reruns_its_stage_and_what_follows_and_says_why(toy):
    toy.headway("run", "experiment=toy")
    plan = toy.headway("plan", "experiment=toy", "model.power=2").stdout.splitlines()
    assert plan[0].split() == ["lines", "cached"]
    assert plan[1].startswith("model")
    assert "model.power 1 → 2" in plan[1]
    assert "command line" in plan[1]
    assert plan[2].startswith("summary")
    assert "model changed" in plan[2]


def test_going_back_finds_the_old_results(toy):
    toy.headway("run", "experiment=toy")
    toy.headway("run", "experiment=toy", "model.power=2")
    back = toy.headway("run", "experiment=toy")
    assert back.stderr.count("cached") == 3


def test_an_edited_helper_is_named_and_an_edited_comment_is_not(toy):
    toy.headway("run", "experiment=toy")
    toy.edit("plugins/_arithmetic.py", "# a comment", "# another comment, longer than before")
    assert "0 of 3 stages would run" in toy.headway("plan", "experiment=toy").stdout
    toy.edit("plugins/_arithmetic.py", "base**exponent", "base ** (exponent + 1)")
    plan = toy.headway("plan", "experiment=toy").stdout
    assert "_arithmetic.py changed" in plan


def test_a_changed_row_reruns_the_data(toy):
    toy.headway("run", "experiment=toy")
    toy.edit("lines.txt", "three", "four")
    plan = toy.headway("plan", "experiment=toy").stdout.splitlines()
    assert "lines.txt changed" in plan[0]
    assert "3 of 3" in plan[-1]


def test_what_does_not_change_the_result_does_not_change_the_key(toy):
    toy.headway("run", "experiment=toy")
    assert "0 of 3" in toy.headway("plan", "experiment=toy", "model.seconds=0.01").stdout


def test_a_secret_is_used_and_written_nowhere(toy):
    done = toy.headway("run", "experiment=toy", "lines.token=hunter2hunter2")
    assert done.returncode == 0, done.stderr
    written = [p for p in (toy.folder / ".headway").rglob("*") if p.is_file()]
    assert written
    assert not [p for p in written if b"hunter2" in p.read_bytes()]
    assert "hunter2" not in toy.headway("config", "experiment=toy", "lines.token=hunter2hunter2").stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_seeds_share_what_they_do_not_reach(toy):
    done = toy.headway("run", "-m", "experiment=toy", "seed=1,2,3")
    assert done.returncode == 0, done.stderr
    assert toy.computed() == ["count 1"]
    runs = toy.headway("runs", "list").stdout
    assert runs.count("toy") >= 3
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows if row[1:2] == ["done"]] == [["1", "done"], ["2", "done"], ["3", "done"]]
    assert ["3", "15.0000", "±", "1.0000"] in rows


def test_baselines_go_through_the_same_pipeline(toy):
    done = toy.headway("run", "experiment=toy", "baselines=[{count: {power: 2}}]", "model.power=3")
    assert done.returncode == 0, done.stderr
    assert sorted(toy.computed()) == ["count 2", "count 3"]
    assert "model[count]" in done.stderr


def test_an_effect_runs_every_time_and_last(toy):
    ledger = toy.folder / "ledger.txt"
    toy.edit("configs/experiment/toy.yaml", "summary]", "summary, ledger]")
    toy.edit("configs/experiment/toy.yaml", "  - /summary: sum", "  - /summary: sum\n  - /ledger: append")
    for _ in range(2):
        done = toy.headway("run", "experiment=toy", f"ledger.path={ledger}")
        assert done.returncode == 0, done.stderr
    assert ledger.read_text().splitlines() == ["16", "16"]
    assert toy.computed() == ["count 1"]


@pytest.mark.parametrize("isolate", ["true", "false"])
def test_a_users_error_inside_a_stage_has_no_traceback(toy, isolate):
    done = toy.headway("run", "experiment=toy", "model=crash", f"runner.isolate={isolate}")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "stage 'model' (crash" in done.stderr
    assert "the lines are too short" in done.stderr
    assert "write longer lines" in done.stderr


@pytest.mark.parametrize("isolate", ["true", "false"])
def test_a_bug_inside_a_stage_names_stage_plugin_and_line_and_is_kept(toy, isolate):
    done = toy.headway("run", "experiment=toy", "model=crash", "model.how=bug", f"runner.isolate={isolate}")
    assert done.returncode == 1
    assert "stage 'model' (crash" in done.stderr
    assert "KeyError" in done.stderr
    assert "toy.py:" in done.stderr
    shown = toy.headway("runs", "show", "latest").stdout
    assert "failed" in shown
    assert "Traceback" in shown


def test_a_worker_that_dies_is_told_from_a_stage_that_fails(toy):
    done = toy.headway("run", "experiment=toy", "model=crash", "model.how=die")
    assert done.returncode == 1
    assert "died (signal 9)" in done.stderr


def test_what_a_stage_prints_and_logs_is_shown(toy):
    done = toy.headway("run", "experiment=toy", "model=crash", "model.how=print")
    assert "printed by the stage" in done.stderr
    assert "logged by the stage" in done.stderr


def test_a_run_in_process_gives_the_same_artifacts(toys):
    here, elsewhere = toys
    assert here.headway("run", "experiment=toy", "runner.isolate=false").returncode == 0
    assert elsewhere.headway("run", "experiment=toy").returncode == 0
    assert here.digests() == elsewhere.digests() != {}


def test_two_runs_at_once_compute_each_stage_once(toy):
    runs = [toy.start("run", "experiment=toy", "model.seconds=1.5") for _ in range(2)]
    ended = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ended
    assert toy.computed() == ["count 1"]


def test_killed_at_ten_moments_the_same_command_ends_in_the_same_digests(toys):
    undisturbed, killed = toys
    assert undisturbed.headway("run", "experiment=toy").returncode == 0
    for moment in range(10):
        run = killed.start("run", "experiment=toy", "model.seconds=1")
        time.sleep(0.12 * (moment + 1))
        run.send_signal(signal.SIGKILL)
        run.communicate()
    assert killed.headway("run", "experiment=toy", "model.seconds=0.1").returncode == 0
    assert killed.digests() == undisturbed.digests()


def test_a_killed_run_is_listed_as_interrupted(toy):
    run = toy.start("run", "experiment=toy", "model.seconds=60")
    wait_for(lambda: "model" in toy.headway("runs", "show", "latest").stdout)
    assert "running" in toy.headway("runs", "list").stdout
    run.kill()
    run.communicate()
    assert "interrupted" in toy.headway("runs", "list").stdout


def test_ctrl_c_closes_the_run_and_exits_with_130(toy):
    run = toy.start("run", "experiment=toy", "model.seconds=60")
    wait_for(lambda: "model" in toy.headway("runs", "show", "latest").stdout)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 130, errors
    assert "Traceback" not in errors
    assert "interrupted" in toy.headway("runs", "list").stdout


def unread(toy, *words, streams=("stdout", "stderr")):
    """Starts a command whose streams nobody reads: the other end of the pipe is closed, as in `| true`."""
    reader, writer = os.pipe()
    os.close(reader)
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | dict.fromkeys(streams, writer)
    try:
        return subprocess.Popen(
            toy.command(*words), cwd=toy.folder, env=toy.environment({}), text=True, **given
        )  # fmt: skip
    finally:
        os.close(writer)


def test_a_failure_whose_reader_is_gone_is_a_failure_and_is_explained(toy):
    run = unread(toy, "run", "experiment=toy", "model=crash", streams=["stdout"])
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 1, errors
    assert "the lines are too short" in errors


def test_a_run_goes_on_though_nobody_reads_what_it_says(toy):
    assert unread(toy, "run", "experiment=toy").wait(60) == 0
    assert unread(toy, "run", "experiment=toy", "model=crash").wait(60) == 1
    assert [run["status"] for run in listed(toy)] == ["failed", "done"]


def test_ctrl_c_that_ends_the_reader_too_closes_the_run_and_exits_with_130(toy):
    run = unread(toy, "run", "experiment=toy", "model.seconds=60")
    wait_for(lambda: "model" in toy.headway("runs", "show", "latest").stdout)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    assert [run["status"] for run in listed(toy)] == ["interrupted"]


def listed(toy):
    return json.loads(toy.headway("runs", "list", "--format", "json").stdout)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.1)


def test_a_run_is_recorded_with_its_config_and_versions(toy):
    toy.headway("run", "experiment=toy", "seed=5")
    shown = toy.headway("runs", "show", "latest").stdout
    for part in ("toy", "done", "seed=5", "headway", "python", "lines", "model", "summary", "total"):
        assert part in shown, part
    folder = toy.folder / ".headway" / "runs" / "latest"
    assert json.loads((folder / "summary" / "note.json").read_text())["sum"] == 18


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["run", "experiment=tyo"], ["experiment", "tyo", "toy"]),
        (["rnu", "experiment=toy"], ["unknown command 'rnu'", "run"]),
        (["run", "experiment=toy", "model.pwoer=2"], ["pwoer", "power"]),
        (["run", "experiment=toy", "model.power=two"], ["model.power", "int", "two"]),
        (["run", "experiment=toy", "model=cuont"], ["cuont", "count"]),
        (["run", "experiment=toy", "lines.path=lnes.txt"], ["lnes.txt", "lines.txt"]),
        (["run", "experiment=toy", "model.power=[1"], ["model.power=[1"]),
        (["run", "experiment=toy", "seed=1,2"], ["-m"]),
        (["run", "--nope"], ["--nope"]),
        (["runs", "show", "nowhere"], ["nowhere"]),
        (["--project", "/nonexistent", "run"], ["/nonexistent"]),
        (["run", "experiment=toy", "model._target_=os.system"], ["_target_"]),
    ],
)
def test_a_mistake_never_shows_a_traceback(toy, words, parts):
    done = toy.headway(*words)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stdout + done.stderr
    for part in parts:
        assert part in done.stderr, done.stderr


def test_outside_a_project_the_answer_says_what_a_project_is(toy, tmp_path_factory):
    from dataclasses import replace

    done = replace(toy, folder=tmp_path_factory.mktemp("empty")).headway("run", "experiment=toy")
    assert done.returncode == 2
    assert "configs" in done.stderr
