import pytest
import yaml
from headway.config import check, compose, render
from headway.config.origins import Origin
from headway.config.tree import Tree, leaves
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8).filter(
    lambda text: "${" not in text and text != "???" and "\\" not in text
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "whole": st.integers(-(2**60), 2**60),
        "text": TEXT,
        "flag": st.booleans(),
        "several": st.lists(st.integers(-9, 9), max_size=4),
        "named": st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), TEXT, max_size=3),
        "maybe": st.none() | TEXT,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(values=VALUES)
def test_what_is_rendered_composes_to_the_same(project, values):
    project.plugin("parts", PLUGIN)
    plugins = project.plugins()
    body = {"defaults": [{"override /data": "anything"}], "pipeline": ["data"], "data": values}

    def composed(content):
        text = "# @package _global_\n" + yaml.safe_dump(content, allow_unicode=True)
        project.write("configs/experiment/trial.yaml", text)
        return check(compose(project.folder, ["experiment=trial"], plugins), plugins)

    first = composed(body)
    rendered = yaml.safe_load(render(first))
    rendered["data"].pop("use")
    rendered = {name: rendered[name] for name in ("name", "seed", "pipeline", "baselines", "runner", "data")}
    second = composed({"defaults": body["defaults"], **rendered})
    assert second.stages[0].values == first.stages[0].values


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
