import io
import os
import time
from dataclasses import replace

import pytest
from headway_optuna import live
from headway_optuna.lines import fitting, header, running, wide
from headway_optuna.live import Live, Plain, watching
from headway_optuna.tally import Tally
from headway_optuna.trial import Study, Trial
from rich.console import Console
from rich.text import Text
from sample_studies import START, study


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when a test says so."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def plain(shown, workers=2):
    stream = io.StringIO()
    return Plain(shown, workers, stream), stream


def empty(shown):
    return replace(shown, trials=())


def terminal(width=80, height=24):
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, highlight=False)


def drawn(watch, console):
    """What the bottom of a terminal shows."""
    with console.capture() as captured:
        console.print(watch)
    return Text.from_ansi(captured.get()).plain.splitlines()


def test_piped_there_is_one_line_an_event_that_matters():
    shown = study(6, states=("complete", "pruned", "failed", "complete", "infeasible", "complete"), seed=3)
    watch, stream = plain(empty(shown))
    with watch:
        for trial in shown.trials:
            watch.began(replace(trial, state="running"))
            watch.stage(trial.number, "model", "runs")
            watch.report(trial.number, 1, 0.5)
            watch.ended(trial, shown)
        watch.note("worker 1 died;\nits trial is requeued")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 8
    assert [line.split()[2] for line in lines[:6]] == [trial.state for trial in shown.trials]
    assert "new best" in lines[0]
    assert "median of 5 trials at step 3" in lines[1]
    assert "ValueError: loss is <nan> & worse" in lines[2]
    assert "Traceback" not in stream.getvalue()
    assert lines[6] == "worker 1 died; its trial is requeued"
    best = shown.best[0]
    assert lines[7].startswith("adult: 4 of 6 trials finished  3 complete, 1 pruned, 1 failed, 1 infeasible")
    assert f"best {best.values[0]:.5g} (trial {best.number})" in lines[7]


def test_a_sweep_goes_on_though_nobody_reads_what_it_says():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream, Plain(empty(study(6)), 2, stream) as watch:
        watch.note("one")
        watch.note("two")


def test_a_trial_that_goes_on_is_told():
    watch, stream = plain(study(2))
    watch.began(Trial(1, {}, runs=("one",)))
    assert stream.getvalue() == ""
    watch.began(Trial(1, {}, runs=("one", "two")))
    assert stream.getvalue() == "trial 1 goes on: attempt 2\n"


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_bars_are_only_for_terminals_that_can_redraw(monkeypatch, term):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(watching(study(1), 1, Screen()), Live)
    assert isinstance(watching(study(1), 1, io.StringIO()), Plain)
    monkeypatch.setenv("TERM", term)
    assert isinstance(watching(study(1), 1, Screen()), Plain)


def test_the_terminal_shows_what_runs_under_a_header(clock):
    shown = study(20)
    watch = Live(replace(shown, wanted=50), 2, console := terminal())
    watch.began(Trial(20, {"model": "mlp", "model.learning_rate": 3.12345e-4}, worker=0))
    watch.began(Trial(21, {"model.hidden": [256, 128], "data.cap": None}, worker=1))
    watch.report(20, 7, 0.9123)
    watch.stage(21, "features", "waits: another process is computing it")
    clock[0] += 75
    lines = drawn(watch, console)
    assert len(lines) == 3
    assert "adult" in lines[0]
    assert f"{shown.finished}/50" in lines[0]
    assert f"best {shown.best[0].values[0]:.5g} (trial {shown.best[0].number})" in lines[0]
    assert "left" in lines[0]
    assert lines[1].split() == ["20", "w0", "1:15", "step", "7", "0.9123", "model", "mlp", "learning_rate", "0.000312"]
    assert "features waits: another" in lines[2]
    assert "hidden [256,128]" in lines[2]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width):
    shown = study(30, width=25, name="größe 東京")
    watch = Live(shown, 4, console := terminal(width))
    for number in range(4):
        watch.began(Trial(100 + number, shown.trials[number].params | {"model.note": "東" * 100}, worker=number))
        watch.stage(100 + number, "a very long label of a stage", "and what it waits for " * 5)
    lines = drawn(watch, console)
    assert len(lines) == 5
    assert all(wide(line) <= width for line in lines)
    watch.ended(shown.trials[0], shown)
    assert all(wide(text) <= width for text, _ in watch._news)


def test_a_low_terminal_shows_as_many_running_trials_as_it_has_room_for():
    watch = Live(study(3), 40, console := terminal(height=10))
    for number in range(40):
        watch.began(Trial(number, {}))
    assert len(drawn(watch, console)) == 9


def test_a_terminal_keeps_the_lines_of_ended_trials_and_loses_the_rest(monkeypatch):
    monkeypatch.setattr(live, "INTERVAL", 0.01)
    shown = study(5, states=("complete", "failed"))
    console = terminal(120)
    with Live(empty(shown), 1, console) as watch:
        for trial in shown.trials:
            watch.began(trial)
            watch.ended(trial, shown)
            time.sleep(0.02)
    text = console.file.getvalue()
    assert text.count("failed  ") >= 2
    assert "new best" in text
    assert "\x1b[?25h" in text.rpartition("3 of 5 trials finished")[2], "the cursor is back"


def test_without_colour_everything_is_in_words(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    console = terminal(120)
    with Live(empty(study(2)), 1, console) as watch:
        watch.ended(study(2, states=("failed",)).trials[0], study(2))
    assert "\x1b[31m" not in console.file.getvalue()
    assert "failed" in console.file.getvalue()


def seconds_of_events(shown):
    """CPU time of a hundred trials' events, the least of three rounds."""
    rounds = []
    for _ in range(3):
        watch, began = Live(shown, 8, terminal()), time.process_time()
        for trial in shown.trials[:100]:
            watch.began(trial)
            watch.report(trial.number, 1, 0.5)
            watch.stage(trial.number, "model", "runs")
            watch.ended(trial, shown)
        rounds.append(time.process_time() - began)
    return min(rounds)


def test_events_beside_ten_times_the_trials_cost_no_ten_times_the_time():
    assert seconds_of_events(study(1000, width=20)) < 5 * seconds_of_events(study(100, width=20))


def test_the_time_left_is_the_mean_of_finished_trials_shared_by_the_workers():
    ended = [Trial(n, {}, state="complete", values=(0.1,), begun=START, ended=START + 10) for n in range(4)]
    resumed = Trial(4, {}, state="pruned", runs=("a", "b"), begun=START + 9000, ended=START + 9010)
    tally = Tally(Study("s", {"m": "minimize"}, (*ended, resumed), 15), 2)
    assert tally.left([]) == 10 * 10 / 2
    assert tally.left([4.0, 30.0]) == (6 + 0 + 8 * 10) / 2
    assert Tally(Study("s", {"m": "minimize"}, (), 5), 2).left([1.0]) is None
    assert Tally(Study("s", {"m": "minimize"}, tuple(ended), 4), 2).left([1.0]) == 0.0


@pytest.mark.parametrize("goals", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_are_those_of_the_study_in_whatever_order_trials_end(goals, seed):
    shown = study(120, goals=goals, seed=seed)
    twin = [replace(trial, number=trial.number + 200) for trial in shown.trials[:40]]
    shown = replace(shown, trials=(*shown.trials, *twin))
    tally = Tally(empty(shown), 2)
    news = [tally.add(trial) for trial in reversed(shown.trials)]
    assert tally.best == shown.best
    assert any(news)


def test_what_does_not_fit_in_the_header_is_what_matters_least():
    shown = study(40)
    tally = Tally(shown, 2)
    assert "running" in header(shown, tally, [], 3.0, 200)
    narrow = header(shown, tally, [], 3.0, 45)
    assert "running" not in narrow
    assert "best" in narrow
    assert wide(narrow) <= 45


def test_parameters_that_do_not_fit_are_counted():
    assert fitting(["a 1", "b 2", "c 3"], None) == "a 1  b 2  c 3"
    assert fitting(["a 1", "b 2", "c 3"], 9) == "a 1  +2"
    assert fitting(["a 1", "b 2", "c 3"], 2) == ""
    assert running([], {}, 80) == []
