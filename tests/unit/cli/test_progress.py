import io

from headway.cli.progress import Live, Plain
from headway.runner import StageOutcome


def test_plain_lines_say_what_runs_and_why():
    stream = io.StringIO()
    plain = Plain(stream)
    plain.stage_started("model", ("model.dropout 0.1 → 0.2",))
    plain.step("model", 1, {"loss": 0.5})
    plain.output("model", "a note")
    plain.stage_waiting("model")
    plain.stage_finished("model", StageOutcome("model", "model", "done", 2.0))
    plain.stage_finished("data", StageOutcome("data", "data", "cached"))
    assert [line.split(None, 1)[1] for line in stream.getvalue().splitlines()] == [
        "runs: model.dropout 0.1 → 0.2",
        "| a note",
        "waits: another process is computing it",
        "done in 2.0 s",
        "cached",
    ]


def test_steps_are_shown_at_intervals():
    stream = io.StringIO()
    plain = Plain(stream)
    plain.interval = 0.0
    plain.step("model", 3, {"validation.loss": 0.31234})
    assert stream.getvalue().split() == ["model", "step", "3", "validation.loss", "0.3123"]


def test_a_terminal_shows_a_live_line_and_keeps_what_is_finished():
    from rich.console import Console

    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80, highlight=False)
    live = Live(console, console.status(""))
    live.stage_started("model", ("[not markup]",))
    live.step("model", 1, {"loss": 0.5})
    live.output("model", "[also] not markup")
    live.stage_finished("model", StageOutcome("model", "model", "failed"))
    assert "[also] not markup" in stream.getvalue()
    assert "failed" in stream.getvalue()
