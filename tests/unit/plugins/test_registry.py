from dataclasses import dataclass

import pytest
from headway import Context, Stage
from headway.config.checking import TOP
from headway.contracts import Dataset
from headway.errors import PluginError, UsageError
from headway.plugins import Registry
from headway.plugins.registry import TAKEN


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


@dataclass(frozen=True)
class Search:
    trials: int = 20


def test_a_node_has_a_schema():
    registry = Registry()
    registry.add("node", "search", Search)
    assert (registry.get("node", "search"), registry.stage_kinds()) == (Search, [])


@pytest.mark.parametrize("name", ["seed", "runner", "defaults", "experiment", "my.search", ""])
def test_a_node_cannot_have_the_name_of_a_key_of_the_core(name):
    with pytest.raises(PluginError, match=f"'{name}' cannot be the name of a node"):
        Registry().add("node", name, Search)


def test_every_top_level_key_of_the_core_is_kept_from_nodes():
    assert {*TOP} <= {*TAKEN}


def test_no_node_has_the_name_of_a_kind_of_stages_and_no_kind_that_of_a_node():
    claim = "'search' cannot be both a node and a kind of stages: first and second claim it"
    node, stage = ("node", "search", Search), ("search", "rows", Rows)
    for one, other in ((node, stage), (stage, node)):
        registry = Registry()
        registry.scoped("first").add(*one)
        with pytest.raises(PluginError, match=claim):
            registry.scoped("second").add(*other)


def test_a_node_is_a_frozen_dataclass_without_the_keys_of_stages():
    @dataclass
    class Thawed:
        trials: int = 20

    @dataclass(frozen=True)
    class Staged:
        use: str = ""

    class Child(Search):
        pass

    for broken in (Thawed, Child, "search"):
        with pytest.raises(PluginError, match="frozen"):
            Registry().add("node", "search", broken)
    with pytest.raises(PluginError, match="field 'use'"):
        Registry().add("node", "search", Staged)
