"""How far a stage is: bounds, and how often it is told."""

import itertools
import math
from pathlib import Path

import pytest
from headway.progress import Progress, Throttle
from headway.stage import Context
from headway.worker import _Recorder
from hypothesis import given
from hypothesis import strategies as st


@given(done=st.floats(), total=st.floats())
def test_what_is_told_lies_within_its_bounds(done, total):
    progress = Progress.of(done, total, "epochs", at_most=True, note="")
    if progress is None:
        assert not (math.isfinite(done) and math.isfinite(total) and total > 0)
    else:
        assert 0 <= progress.share <= 1


@pytest.fixture
def clock(monkeypatch):
    """Sets the time of `time.monotonic` in seconds."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, 1000.0 + seconds)


def test_eight_messages_a_second_pass_of_ten_thousand(clock):
    throttle, passed = Throttle(), []
    for moment in range(100_000):
        clock(moment / 10_000)
        if throttle.open():
            passed.append(moment / 10_000)
    assert 79 <= len(passed) <= 85
    later = [moment for moment in passed if moment > 1]
    assert max(b - a for a, b in itertools.pairwise(later)) < 0.13


def test_the_first_steps_pass_even_if_they_come_at_once_and_silence_is_not_saved_up(clock):
    throttle = Throttle()
    assert [throttle.open() for _ in range(9)] == [True] * 5 + [False] * 4
    clock(3600.0)
    assert [throttle.open() for _ in range(9)] == [True] * 5 + [False] * 4


class Heard:
    """Events that remember what they were told."""

    def __init__(self):
        self.told = []

    def progress(self, progress):
        self.told.append(progress)


def test_a_stage_tells_how_far_it_is_and_nonsense_does_not_stop_it():
    heard = Heard()
    context = Context("model", Path("nowhere"), None, _Recorder(heard))
    context.progress(3.5, 100, "epochs", at_most=True, note="best epoch 2")
    context.progress(7, 5)
    for done, total in ((math.nan, 5), (1, 0), (1, math.inf), (1, -1)):
        context.progress(done, total)
    assert heard.told == [Progress(3.5, 100, "epochs", at_most=True, note="best epoch 2"), Progress(5, 5)]
