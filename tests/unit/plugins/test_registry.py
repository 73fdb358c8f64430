from dataclasses import dataclass

import pytest
from headway import Context, Stage
from headway.contracts import Dataset
from headway.errors import PluginError, UsageError
from headway.plugins import Registry


@dataclass(frozen=True)
class Rows(Stage):
    def run(self, context: Context) -> Dataset: ...


def test_names_resolve_to_classes():
    registry = Registry()
    registry.add("data", "rows", Rows)
    assert registry.get("data", "rows") is Rows
    assert registry.stage_kinds() == ["data"]


def test_an_unknown_name_is_answered_with_the_nearest():
    registry = Registry()
    registry.add("data", "rows", Rows)
    with pytest.raises(UsageError, match="unknown data 'row'; did you mean 'rows'"):
        registry.get("data", "row")


def test_a_name_claimed_twice_names_both_plugins():
    registry = Registry()
    registry.scoped("first").add("data", "rows", Rows)
    with pytest.raises(PluginError, match="data 'rows' is claimed twice: by first and by second"):
        registry.scoped("second").add("data", "rows", Rows)


def test_a_stage_is_checked_when_it_is_registered():
    @dataclass(frozen=True)
    class Broken(Stage):
        def run(self, context: Context) -> str: ...

    with pytest.raises(PluginError, match="return value"):
        Registry().add("data", "broken", Broken)


def test_a_sealed_registry_refuses_more():
    registry = Registry()
    registry.seal()
    with pytest.raises(PluginError, match="too late"):
        registry.add("data", "rows", Rows)
