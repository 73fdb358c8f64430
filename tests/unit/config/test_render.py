import pytest
from headway.config import check, compose
from headway.config.origins import Origin
from headway.config.text import render
from headway.config.tree import Tree, leaves

PLUGIN = """
from collections.abc import Mapping
from dataclasses import dataclass, field
from headway import Context, Stage
from headway.contracts import Dataset

@dataclass(frozen=True)
class Rows(Stage):
    number: float = 0.5
    whole: int = 3
    text: str = "x"
    flag: bool = False
    several: tuple[int, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    maybe: str | None = None
    def run(self, context: Context) -> Dataset: ...

def headway_register(registry):
    registry.add("data", "anything", Rows)
"""


def test_origins_stand_behind_the_values(project):
    project.plugin("parts", PLUGIN)
    project.write(
        "configs/experiment/trial.yaml",
        "# @package _global_\ndefaults:\n  - override /data: anything\npipeline: [data]\ndata:\n  whole: 4\n",
    )
    plugins = project.plugins()
    experiment = check(compose(project.folder, ["experiment=trial", "data.text=y"], plugins), plugins)
    lines = render(experiment, origins=True).splitlines()
    assert "  whole: 4  # configs/experiment/trial.yaml:6:10" in lines
    assert "  text: y  # command line:11" in lines
    assert "  flag: false  # default" in lines
    assert "  use: anything  # configs/experiment/trial.yaml:3:5" in lines


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
    ],
)
def test_mappings_merge_and_all_else_replaces(tmp_path, first, second, wanted):
    tree = Tree()
    one, two = Origin(tmp_path / "one"), Origin(tmp_path / "two")
    tree.merge(first, (), one)
    tree.merge(second, (), two)
    assert tree.root == wanted
    for at, _ in leaves(wanted):
        if tree.origin(at):
            assert tree.origin(at).file in (one.file, two.file)
