"""`headway check`, `config` and `explain` on the configs that are shipped."""

import itertools
import json
from pathlib import Path

import pytest
from headway.cli.main import main
from headway.config import check, compose
from headway.config.text import render
from headway.plugins import load

ROOT = Path(__file__).parents[2]
EXPERIMENTS = sorted(path.stem for path in (ROOT / "configs" / "experiment").glob("*.yaml"))
OPTIONS = sorted(
    f"{path.parent.relative_to(folder)}={path.stem}"
    for folder in ROOT.glob("plugins/*/src/*/conf")
    for path in folder.rglob("*.yaml")
)


@pytest.fixture(scope="module")
def shipped():
    return load(ROOT)


def headway(capsys, *words):
    """The exit code, and what was printed."""
    code = main(["--project", str(ROOT), *words])
    return code, capsys.readouterr()


def test_there_are_configs_to_check():
    assert "adult" in EXPERIMENTS
    assert "data=adult" in OPTIONS


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_no_shipped_config_has_a_fault(shipped, experiment):
    models = [f"model={name}" for name in shipped.registry.names("model")]
    evaluations = [f"evaluation={name}" for name in shipped.registry.names("evaluation")]
    grid = [[], *([word] for word in OPTIONS), *map(list, itertools.product(models, evaluations))]
    for words in grid:
        assert check(compose(ROOT, [f"experiment={experiment}", *words], shipped), shipped).stages


def test_faults_for_programs(capsys):
    code, printed = headway(capsys, "check", "--format", "json", "experiment=adult", "model.droput=0.1", "seed=x")
    found = json.loads(printed.out)
    assert code == 2
    assert found["experiments"] == []
    first, second = found["faults"]
    assert (first["code"], first["source"], first["line"], first["column"]) == ("unknown-key", "command line", None, 1)
    assert (first["text"], first["width"]) == ("model.droput=0.1", len("model.droput"))
    assert "did you mean 'dropout'" in first["what"]
    assert second["what"] == "seed is 'x', but should be an integer"


@pytest.mark.parametrize(
    ("text", "column", "width"), [("a +", 3, 1), ("a + f(x)", 5, 4), ("age ** 2", 1, 8), ("`hours per week + 1", 1, 1)]
)
def test_a_derived_column_is_parsed_with_the_config(capsys, text, column, width):
    code, printed = headway(capsys, "check", "--format", "json", "experiment=adult", f"features.derive.a='{text}'")
    (fault,) = json.loads(printed.out)["faults"]
    assert (code, fault["code"], fault["source"]) == (2, "derive", "command line")
    assert (fault["column"], fault["width"]) == (len("features.derive.a='") + column, width)
    assert fault["what"].startswith("features.derive.a ")


def test_a_config_without_faults_for_programs(capsys):
    code, printed = headway(capsys, "check", "--format", "json", "-m", "experiment=adult", "model=mlp,linear")
    found = json.loads(printed.out)
    assert (code, found["faults"]) == (0, [])
    assert [experiment["stages"][2]["use"] for experiment in found["experiments"]] == ["mlp", "linear"]


def test_a_grid_that_is_none_is_a_fault_for_programs_too(capsys):
    code, printed = headway(capsys, "check", "--format", "json", "-m", "experiment=adult", "seed=interval(1,2)")
    assert code == 2
    assert [fault["code"] for fault in json.loads(printed.out)["faults"]] == ["grid"]


def test_the_faults_of_a_whole_grid_are_told_each_once(capsys):
    code, printed = headway(capsys, "check", "-m", "experiment=adult", "model=mlp,linear", "model.dropout=x", "seed=-1")
    assert code == 2
    assert printed.err.count("seed is -1") == 1
    assert "model.dropout is 'x', but should be a number" in printed.err
    assert "unknown key 'dropout'" in printed.err
    assert printed.err.endswith("3 faults in the config\n")


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_shipped_config_as_printed_composes_to_the_same(shipped, tmp_path, experiment):
    first = check(compose(ROOT, [f"experiment={experiment}"], shipped), shipped)
    (tmp_path / "configs" / "experiment").mkdir(parents=True)
    (tmp_path / "configs" / "experiment" / "printed.yaml").write_text(render(first), encoding="utf-8")
    second = check(compose(tmp_path, ["experiment=printed"], shipped), shipped)
    assert second.public == first.public
    assert [(s.use, s.values, s.inputs) for s in second.stages] == [(s.use, s.values, s.inputs) for s in first.stages]
    assert {n: (s.use, s.values) for n, s in second.baselines.items()} == {
        n: (s.use, s.values) for n, s in first.baselines.items()
    }


def test_words_with_dashes_are_answered_with_a_place(capsys):
    code, printed = headway(capsys, "check", "--config-name", "adult", "--model.dropout=0.2")
    assert code == 2
    assert "experiment=NAME" in printed.err
    assert "write it without dashes: model.dropout=0.2" in printed.err
    assert printed.err.count("--> command line:1") == 2


def test_the_config_in_json(capsys):
    _, printed = headway(capsys, "config", "--format", "json", "experiment=adult", "model.dropout=0.25")
    assert json.loads(printed.out)["model"]["dropout"] == 0.25


def test_origins_in_json(capsys):
    _, printed = headway(capsys, "config", "--origins", "--format", "json", "experiment=adult", "model.dropout=0.25")
    origins = {item["key"]: item["origin"] for item in json.loads(printed.out)}
    assert origins["model.dropout"] == "command line:15"
    assert origins["model.patience"] == "default"
    assert origins["baselines.1"].startswith("configs/experiment/adult.yaml:")


def test_the_schema_of_the_config(capsys):
    _, printed = headway(capsys, "config", "--schema", "experiment=adult")
    schema = json.loads(printed.out)
    assert schema["properties"]["model"]["properties"]["dropout"]["type"] == "number"
    assert "default" in schema["$defs"]["Trainer"]["properties"]["max_epochs"]


def test_a_key_is_explained(capsys):
    code, printed = headway(capsys, "explain", "model.dropout", "experiment=adult", "model.dropout=0.25")
    assert code == 0
    assert "set by  command line:15" in printed.out
    assert "Share of units" in printed.out


def test_a_stage_is_explained_with_a_table_of_its_fields(capsys):
    _, printed = headway(capsys, "explain", "model", "experiment=adult")
    assert "model 'mlp', of lightning" in printed.out
    assert "features: Features, from features" in printed.out
    assert any(line.split()[:2] == ["dropout", "0.3"] for line in printed.out.splitlines())


def test_long_types_do_not_widen_the_table_of_fields(capsys):
    _, printed = headway(capsys, "explain", "data", "experiment=adult")
    (checks,) = [line for line in printed.out.splitlines() if line.startswith("  checks ")]
    assert "Mapping['duplicates' | " in checks
    assert "'unseen'" not in checks


def test_an_explanation_for_programs(capsys):
    _, printed = headway(capsys, "explain", "seed", "--format", "json", "experiment=adult", "seed=3")
    found = json.loads(printed.out)
    assert (found["key"], found["value"], found["origin"]) == ("seed", 3, "command line:6")
    assert [step["value"] for step in found["steps"]] == [0, 7, 3]


def test_an_unknown_key_is_answered_with_the_nearest(capsys):
    code, printed = headway(capsys, "explain", "model.droput", "experiment=adult")
    assert code == 2
    assert "did you mean 'model.dropout'?" in printed.err
