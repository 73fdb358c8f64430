"""Ranges leave their stop out, and step in exact decimals: never a value that Hydra's would not have."""

from decimal import Decimal

import pytest
from headway.sweeping import read_text
from headway_optuna.space.distributions import Choice, Float, Int
from headway_optuna.space.grammar import meaning
from headway_optuna.space.resolving import resolved
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import assume, given
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution, IntDistribution

DECIMALS = st.decimals(-1000, 1000, places=3).filter(lambda value: value == 0 or abs(value) >= Decimal("0.001"))


def distribution(text):
    return resolved(meaning(read_text(text)), None)[0]


def six_digits(value):
    return round(value, 6)


def values(text):
    return list(distribution(text).values())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("range(1, 10, 3)", Int(1, 7, step=3)),
        ("range(1, 11, 3)", Int(1, 10, step=3)),
        ("range(10, 1, -3)", Int(4, 10, step=3)),
        ("range(4)", Int(0, 3)),
        ("range(1, 2)", Int(1, 1)),
        ("range(stop=10, start=1, step=3)", Int(1, 7, step=3)),
        ("range(0, 1, 0.1)", Float(0.0, 0.9, step=0.1)),
        ("range(0, 0.9, 0.3)", Float(0.0, 0.6, step=0.3)),
        ("range(1, 0, -0.25)", Float(0.25, 1.0, step=0.25)),
        ("range(1.0, 4)", Float(1.0, 3.0, step=1.0)),
        ("float(range(1, 10, 3))", Float(1.0, 7.0, step=3.0)),
        ("int(range(1.0, 10, 3))", Int(1, 7, step=3)),
    ],
)
def test_ranges(search, text, wanted):
    assert repr(search.distribution(text)) == repr(wanted)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("range(1, 1)", "from 1 to 1 by 1 there is nothing", "stop is excluded"),
        ("range(0)", "from 0 to 0 by 1 there is nothing", "stop is excluded"),
        ("range(10, 1)", "from 10 to 1 by 1 there is nothing", "write range(10, 1, -1)"),
        ("range(0, 1, -0.1)", "from 0 to 1 by -0.1 there is nothing", "write range(0, 1, 0.1)"),
        ("range(1, 5, 0)", "a step of 0 never arrives", "leave it out"),
        ("range(1, 5, 0.0)", "a step of 0 never arrives", "leave it out"),
        ("int(range(0.5, 3))", "would cut 0.5 to 0", "leave int() out"),
        ("range(10000000000, 10000000001, 0.00000000025)", "finer than floats", "fewer digits"),
    ],
)
def test_empty_and_endless_ranges_are_refused(search, text, what, hint):
    fault = search.fault("", f"model.x={text}")
    assert what in fault.what
    assert hint in fault.hint


def test_a_stop_that_a_step_would_hit_is_said_to_be_left_out(search):
    def notes(text):
        return search.read("", f"model.x={text}").parameters[0].notes

    assert notes("range(1, 10, 3)") == ("10 is not among them: a range leaves its stop out",)
    assert notes("range(0, 0.9, 0.3)") == ("0.9 is not among them: a range leaves its stop out",)
    assert notes("range(1, 9, 3)") == notes("range(4)") == ()


@given(DECIMALS, DECIMALS, DECIMALS)
def test_float_steps_are_exact_decimals_and_near_hydras_values(start, stop, step):
    assume(step and (stop - start) / step > 0 and (stop - start) / step < 300)
    text = f"range({start}, {stop}, {step})"
    exact = []
    while (start < stop) if step > 0 else (start > stop):
        exact.append(start)
        start += step
    found = values(text)
    assert found == sorted(map(float, exact))
    hydras = sorted(map(float, OverridesParser.create().parse_override(f"x={text}").sweep_iterator()))
    assert set(map(six_digits, found)) <= set(map(six_digits, hydras))


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-9, 9).filter(bool))
def test_integer_ranges_are_those_of_python(start, stop, step):
    wanted = range(start, stop, step)
    assume(len(wanted))
    assert values(f"range({start}, {stop}, {step})") == sorted(wanted)


@given(DECIMALS, DECIMALS.filter(bool), st.integers(1, 200))
def test_samplers_take_a_range_as_it_is_and_its_values_are_made_exact(start, step, count):
    found = distribution(f"range({start}, {start + count * step}, {step})")
    if isinstance(found, Int):
        assert IntDistribution(found.low, found.high, step=found.step).high == found.high
        return
    assert FloatDistribution(found.low, found.high, step=found.step).high == found.high  # else Optuna would warn
    for index, value in enumerate(found.values()):
        assert found.exact(found.low + index * found.step) == value
        assert found.misfit(value) is None


def test_steps_of_more_digits_than_a_float_has_become_a_choice():
    fine = distribution("range(100000000.12345678, 100000003, 0.123456789)")
    assert isinstance(fine, Choice)
    assert fine.options[1] == float(Decimal("100000000.12345678") + Decimal("0.123456789"))
