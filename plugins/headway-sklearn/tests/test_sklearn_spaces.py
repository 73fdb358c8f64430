"""The search spaces that stages ship."""

import dataclasses
import json

import pytest
from headway_sklearn.plugin import STAGES
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep
from pydantic import TypeAdapter, ValidationError

SPACES = [(name, field, text) for name, stage in STAGES.items() for field, text in getattr(stage, "space", {}).items()]


def values_of(text):
    """The values of a space that bound all others."""
    (override,) = OverridesParser.create().parse_overrides([f"model.field={text}"])
    assert override.is_sweep_override()
    sweep = override.value()
    if isinstance(sweep, ChoiceSweep):
        return sweep.list
    assert isinstance(sweep, IntervalSweep)
    assert "log" not in sweep.tags or sweep.start > 0
    assert sweep.start < sweep.end
    return [sweep.start, sweep.end]


@pytest.mark.parametrize(("name", "field", "text"), SPACES)
def test_a_space_is_of_a_field_s_values_in_hydra_s_grammar(name, field, text):
    stage = STAGES[name]
    assert field in {item.name for item in dataclasses.fields(stage)}
    adapter = TypeAdapter(stage)
    for value in values_of(text):
        adapter.validate_json(json.dumps({field: value}), strict=True)


def test_what_can_be_tuned_has_a_space():
    assert {name for name, _, _ in SPACES} == {"linear", "random_forest", "hist_gradient_boosting", "lightgbm"}


def test_a_value_outside_is_refused():
    with pytest.raises(ValidationError):
        TypeAdapter(STAGES["lightgbm"]).validate_json('{"num_leaves": 1}', strict=True)
