from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from headway import Context, Stage
from headway.contracts import Dataset, Model, Predictor, Report
from headway.errors import HeadwayError, PluginError, UsageError
from headway.stage import Parameter, build_used, signature_of


@dataclass(frozen=True)
class Judge(Stage):
    def run(
        self,
        context: Context,
        data: Dataset,
        members: tuple[Model, ...],
        baselines: Mapping[str, Predictor] = {},
        previous: Report | None = None,
    ) -> Report: ...


def test_a_signature_is_read_off_run():
    signature = signature_of(Judge)
    assert signature.returns is Report
    assert signature.parameters == (
        Parameter("data", Dataset, "one", required=True),
        Parameter("members", Model, "tuple", required=True),
        Parameter("baselines", Predictor, "mapping", required=False),
        Parameter("previous", Report, "one", required=False),
    )


def make(name, **members):
    return dataclass(frozen=True)(type(name, (Stage,), members))


def test_a_class_that_is_no_frozen_dataclass_is_refused():
    @dataclass
    class Loose(Stage):
        def run(self, context: Context) -> Dataset: ...

    with pytest.raises(PluginError, match=r"Loose.*not decorated with @dataclass\(frozen=True\)"):
        signature_of(Loose)


def test_a_subclass_must_be_decorated_itself():
    class Child(Judge):
        pass

    with pytest.raises(PluginError, match="not decorated"):
        signature_of(Child)


def test_a_stage_without_run_is_refused():
    with pytest.raises(PluginError, match=r"has no run\(self, context"):
        signature_of(make("Idle"))


def test_an_input_without_a_type_is_named():
    def run(self, context, data) -> Dataset: ...

    with pytest.raises(PluginError, match="its input 'data' is not annotated with an artifact type"):
        signature_of(make("Untyped", run=run))


def test_a_return_value_that_is_no_artifact_is_refused():
    def run(self, context: Context) -> int: ...

    with pytest.raises(PluginError, match="its return value is not annotated with an artifact type"):
        signature_of(make("Number", run=run))


def test_an_annotation_that_cannot_be_resolved_is_named():
    def run(self, context: Context) -> "Nowhere": ...  # noqa: F821

    with pytest.raises(PluginError, match=r"cannot be resolved.*Nowhere"):
        signature_of(make("Lost", run=run))


@dataclass(frozen=True)
class Squash:
    low: float = 0.0
    parts: tuple[str, ...] = ()


class Names:
    def get(self, kind, name):
        if (kind, name) != ("transform", "squash"):
            raise UsageError(f"unknown {kind} '{name}'")
        return Squash


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("squash", Squash()),
        ({"squash": {}}, Squash()),
        ({"squash": None}, Squash()),
        ({"squash": {"low": 1, "parts": ["hour"]}}, Squash(1.0, ("hour",))),
    ],
)
def test_a_choice_becomes_what_it_names(value, wanted):
    assert build_used(value, "transform", Names()) == wanted


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("squish", "unknown transform 'squish'"),
        ({"squash": {"lwo": 1}}, "transform 'squash': unknown field 'lwo'; did you mean 'low'?"),
        ({"squash": {"low": "1"}}, "transform 'squash': low: Input should be a valid number"),
        ({"squash": 3}, "takes fields by name, not 3"),
        ({"squash": {}, "other": {}}, "this has 2: squash, other"),
        ({}, "this has 0: none"),
    ],
)
def test_a_choice_that_does_not_fit_is_explained(value, part):
    with pytest.raises(HeadwayError) as caught:
        build_used(value, "transform", Names())
    assert part in caught.value.what
