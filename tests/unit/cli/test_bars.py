"""Bars as they are on a terminal."""

import io

import pytest
from headway.cli.bars import Bars
from headway.cli.progress import Live, live
from headway.cli.running import Running
from headway.progress import Progress
from headway.results import StageOutcome
from rich.console import Console


def console(width=100, height=24, **more):
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, highlight=False, **more)


def drawn(stages, width=100, height=24, **more):
    """The lines on a terminal without colours."""
    screen = console(width, height, color_system=None, **more)
    with screen.capture() as capture:
        screen.print(Bars(stages))
    return capture.get().splitlines()


def walked(label="model", done=34.2, seconds=3.0, monkeypatch=None):
    """A stage that has come so far."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stage = Running(label, "not run before")
    stage.advance(Progress(0, 100, "epochs", at_most=True))
    now[0] = seconds
    stage.advance(Progress(done, 100, "epochs", at_most=True, note="best epoch 12, stops in 5"))
    stage.news = "step 34  validation.loss 0.3123"
    return {label: stage}


def test_a_bar_has_its_label_share_times_and_news(monkeypatch):
    bar, news = drawn(walked(monkeypatch=monkeypatch))
    assert bar[1:].split() == ["model", "━" * 10 + "─" * 22, "34%", "0:03,", "at", "most", "0:05", "left"]
    assert news.split("  ")[1:] == [
        "34.2 of at most 100 epochs", "best epoch 12, stops in 5", "step 34", "validation.loss 0.3123",
    ]  # fmt: skip


def test_all_is_done_at_a_hundred_percent_only(monkeypatch):
    assert " 99% " in drawn(walked(done=99.99, monkeypatch=monkeypatch))[0]
    assert "100% " in drawn(walked(done=100, monkeypatch=monkeypatch))[0]


@pytest.mark.parametrize("width", range(8, 121, 7))
def test_lines_fit_every_terminal(monkeypatch, width):
    lines = drawn(walked("model dropout=0.25 [not markup] 名前", monkeypatch=monkeypatch), width=width)
    assert len(lines) == 2
    assert all(len(line) <= width - 2 for line in lines)  # ^C is echoed behind them


def test_a_narrow_terminal_shows_the_bar_and_the_percentage(monkeypatch):
    assert drawn(walked(monkeypatch=monkeypatch), width=40)[0][1:].split() == ["model", "━━━━━───────────", "34%"]


def test_a_stage_that_says_nothing_has_its_time_and_why_it_runs(monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    stages = {"data": Running("data", "[not] markup")}
    monkeypatch.setattr("time.monotonic", lambda: 3725.0)
    (line,) = drawn(stages)
    assert line[1:].split() == ["data", "1:02:05", "[not]", "markup"]


def test_more_stages_than_lines_have_a_line_each_as_far_as_there_is_room(monkeypatch):
    stages = {name: stage for name in "abcdef" for stage in walked(name, monkeypatch=monkeypatch).values()}
    assert [line[1:].split()[0] for line in drawn(stages, height=7)] == list("abcdef")
    assert [line[1:].split()[0] for line in drawn(stages, height=4)] == list("abc")


def test_a_terminal_of_few_signs_has_bars_too(monkeypatch):
    screen = console(color_system=None)
    options = screen.options.update(width=80)
    options.encoding = "ascii"
    text = "".join(segment.text for segment in screen.render(Bars(walked(monkeypatch=monkeypatch)), options))
    assert "########----------------" in text
    assert text.isascii()


def test_what_is_finished_stays_above_and_the_bars_go():
    screen = console(80)
    with live(screen) as listener:
        assert isinstance(listener, Live)
        listener.stage_started("model", ("[not markup]",))
        listener.stage_waiting("model")
        listener.progress("model", Progress(1, 2))
        listener.step("model", 1, {"loss": 0.5})
        listener.output("model", "[also] not markup")
        listener.stage_finished("model", StageOutcome("model", "model", "failed"))
    text = screen.file.getvalue()
    assert "[also] not markup" in text
    assert "failed" in text
    assert text.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in text[text.rindex("failed") :]
