from argparse import Namespace
from datetime import UTC, datetime, timedelta

import pytest
from headway.cli.runs_list import condition, flat
from headway.cli.words import action_of, bytes_of, moment_of, seconds_of
from headway.errors import UsageError
from headway.store import Condition


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("12h", 43_200), ("2d", 172_800), ("1.5w", 907_200)]
)
def test_durations(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "d", "-1d", "2 days", "2y"])
def test_no_durations(text):
    with pytest.raises(UsageError, match="is no duration"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", "2026-11-01T00:00:00.000+00:00"),
        ("2026-11-01T09:30", "2026-11-01T09:30:00.000+00:00"),
        ("2026-11-01T09:30+02:00", "2026-11-01T07:30:00.000+00:00"),
    ],
)
def test_moments_are_utc(text, moment):
    assert moment_of(text) == moment


def test_a_duration_is_a_moment_before_now():
    assert abs(datetime.now(UTC) - timedelta(days=2) - datetime.fromisoformat(moment_of("2d"))) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (1_234_567_890, "1.2 GB"), (5e15, "5000 TB")],
)
def test_sizes(size, text):
    assert bytes_of(size) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("evaluation.test.auroc>=0.9", Condition("evaluation.test.auroc", ">=", 0.9)),
        ("a.b = 1e-3", Condition("a.b", "=", 1e-3)),
        ("a==true", Condition("a", "=", True)),
        ("a!=null", Condition("a", "!=", None)),
        ("a<.5", Condition("a", "<", 0.5)),
        ("model.layers=[8, 4]", Condition("model.layers", "=", [8, 4])),
        ("model.use=a=b", Condition("model.use", "=", "a=b")),
        ('a="3"', Condition("a", "=", "3")),
        ("a=", Condition("a", "=", "")),
    ],
)
def test_conditions(text, expected):
    assert condition(text) == expected


@pytest.mark.parametrize("text", ["", "a", ">3", "=", "two words>3"])
def test_no_conditions(text):
    with pytest.raises(UsageError, match="is no condition"):
        condition(text)


def test_options_belong_to_actions():
    actions = {"list": ("name", "format"), "show": ("format",)}
    assert action_of(Namespace(action="show", name=None, format="json"), actions) == "show"
    with pytest.raises(UsageError, match="--name is no option of show") as caught:
        action_of(Namespace(action="show", name="x", format=None), actions)
    assert "list" in caught.value.hint
    with pytest.raises(UsageError, match="did you mean 'show'"):
        action_of(Namespace(action="shwo", name=None, format=None), actions)


def test_configs_are_flattened_to_dotted_names():
    assert flat({"a": {"b": 1, "c": {}}, "d": [1, {"e": 2}]}) == {"a.b": 1, "a.c": {}, "d": [1, {"e": 2}]}
