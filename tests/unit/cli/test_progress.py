import io

import pytest
from headway.cli.progress import Plain, progress
from headway.cli.running import Running, times
from headway.progress import Progress
from headway.results import StageOutcome


@pytest.fixture
def clock(monkeypatch):
    """Sets the time of `time.monotonic` in seconds."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, seconds)


def words(stream):
    return [line.split(None, 1)[1] for line in stream.getvalue().splitlines()]


def test_plain_lines_say_what_runs_and_why():
    stream = io.StringIO()
    plain = Plain(stream)
    plain.stage_started("model", ("model.dropout 0.1 → 0.2",))
    plain.step("model", 1, {"loss": 0.5})
    plain.output("model", "a note")
    plain.stage_waiting("model")
    plain.stage_finished("model", StageOutcome("model", "model", "done", 2.0))
    plain.stage_finished("data", StageOutcome("data", "data", "cached"))
    assert words(stream) == [
        "runs: model.dropout 0.1 → 0.2",
        "| a note",
        "waits: another process is computing it",
        "done in 2.0 s",
        "cached",
    ]


def test_steps_and_progress_share_a_line_at_intervals(clock):
    stream = io.StringIO()
    plain = Plain(stream)
    plain.stage_started("model", ())
    for second in range(13):
        clock(float(second))
        plain.progress("model", Progress(second, 40, "epochs", at_most=True, note="best epoch 2"))
        plain.step("model", second, {"validation.loss": 0.31234})
    assert words(stream)[1:] == [
        "12%  0:05, at most 0:35 left  5 of at most 40 epochs  best epoch 2  step 4  validation.loss 0.3123",
        "25%  0:10, at most 0:30 left  10 of at most 40 epochs  best epoch 2  step 9  validation.loss 0.3123",
    ]


def test_stages_that_run_at_once_share_the_interval(clock):
    stream = io.StringIO()
    plain = Plain(stream)
    for label in ("a", "b"):
        plain.stage_started(label, ())
    for second in range(31):
        clock(float(second))
        for label in ("a", "b"):
            plain.progress(label, Progress(second, 100))
    told = [line for line in stream.getvalue().splitlines() if "%" in line]
    assert [line.split()[0] for line in told] == ["a", "b"] * 3


def test_the_time_left_is_that_of_the_speed_so_far_and_runs_down(clock):
    stage = Running("model")
    clock(10.0)
    stage.advance(Progress(40, 100))  # resumed in the middle
    assert stage.left is None
    clock(20.0)
    stage.advance(Progress(50, 100))
    assert stage.left == pytest.approx(50)
    clock(25.0)
    assert stage.left == pytest.approx(45)
    assert stage.elapsed == 25.0
    clock(500.0)
    assert stage.left == 0.0


def test_a_bound_that_is_days_away_is_not_told(clock):
    for at_most, told in ((True, "0:10"), (False, "0:10, 277:46:40 left")):
        stage = Running("model")
        stage.advance(Progress(0, 100_001, "epochs", at_most))
        clock(10.0)
        stage.advance(Progress(1, 100_001, "epochs", at_most))
        assert times(stage) == told
        clock(0.0)


@pytest.mark.parametrize("other", [Progress(1, 100, "epochs"), Progress(60, 200, "trees"), Progress(60, 300, "epochs")])
def test_what_is_counted_anew_is_guessed_anew(clock, other):
    stage = Running("model")
    stage.advance(Progress(0, 100, "epochs"))
    clock(10.0)
    stage.advance(Progress(50, 100, "epochs"))
    assert stage.left == pytest.approx(10)
    stage.advance(other)
    assert stage.left is None


def test_amounts_have_as_many_digits_as_they_were_given():
    stage = Running("model")
    stage.advance(Progress(1200, 30000, "trees"))
    assert stage.details == "1,200 of 30,000 trees"
    stage = Running("model")
    for done in (2.56, 3.0):
        stage.advance(Progress(done, 4.5, "epochs", at_most=True))
    assert stage.details == "3.0 of at most 4.5 epochs"


def test_two_stages_of_one_label_do_no_harm():
    stream = io.StringIO()
    plain = Plain(stream)
    plain.interval = 0.0
    for _ in range(2):
        plain.stage_started("model", ())
    for _ in range(2):
        plain.progress("model", Progress(1, 2))
        plain.step("model", 1, {"loss": 0.5})
        plain.stage_finished("model", StageOutcome("model", "model", "done", 2.0))
    assert words(stream)[-1] == "done in 2.0 s"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "term"), [(io.StringIO(), "xterm"), (Terminal(), "dumb")])
def test_lines_are_plain_where_they_cannot_be_drawn_anew(monkeypatch, stream, term):
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.stderr", stream)
    with progress() as listener:
        assert isinstance(listener, Plain)


def test_a_terminal_has_its_cursor_back_after_an_interrupt(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)

    def interrupted():
        with progress() as listener:
            listener.stage_started("model", ())
            assert "\x1b[?25l" in stream.getvalue()
            assert "\x1b[?25h" not in stream.getvalue()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "\x1b[?25h" in stream.getvalue()
