"""The corpus of broken configs: each tells exactly these faults, at exactly these places, and no other.

A case is laid over the study of conftest.py: ``entry`` goes to the front of its defaults list, ``replace`` replaces
in it, ``add`` goes to its end, ``files`` are written beside it, and ``words`` are the command line. A fault is its
source, line, column and code, and a pattern of its message and help.
"""

import re
import sys
from pathlib import Path

import pytest
import yaml
from headway.config import check, compose
from headway.errors import ConfigError
from headway.plugins import load
from headway.testing.projects import Project

from .conftest import EXPERIMENT, PEOPLE, STAGES

CORPUS = {
    f"{file.stem}: {name}": case
    for file in sorted((Path(__file__).parent / "corpus").glob("*.yaml"))
    for name, case in yaml.safe_load(file.read_text(encoding="utf-8")).items()
}
INSTALLED = [info.name for info in load().infos]


def folder(path, case=None):
    """A project with the study, and a case laid over it."""
    project = Project(path)
    files = {
        "configs/experiment/study.yaml": EXPERIMENT,
        "configs/data/people.yaml": PEOPLE,
        "plugins/stages.py": STAGES,
    }
    for name, text in files.items():
        project.write(name, text)
    if case is not None:
        text = EXPERIMENT.replace("defaults:\n", f"defaults:\n{case.get('entry', '')}")
        if "replace" in case:
            assert case["replace"][0] in text
            text = text.replace(*case["replace"])
        project.write("configs/experiment/study.yaml", text + case.get("add", ""))
        for name, content in case.get("files", {}).items():
            project.write(name, content)
    return path


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """The stages of the study alone; they are the same for all cases but those that bring plugins."""
    return load(folder(tmp_path_factory.mktemp("study")), INSTALLED)


def faults(path, words, plugins):
    if not any(word.startswith("experiment=") for word in words):
        words = ["experiment=study", *words]
    with pytest.raises(ConfigError) as caught:
        check(compose(path, words, plugins), plugins)
    return caught.value.faults


def text(fault):
    return f"{fault.what} help: {fault.hint or ''}"


def test_the_corpus_is_as_large_as_promised():
    indirect = ("defaults-lists:", "interpolations:", "command-line:")
    assert len(CORPUS) >= 60
    assert sum(name.startswith(indirect) for name in CORPUS) >= 15


@pytest.mark.parametrize("case", CORPUS.values(), ids=CORPUS)
def test_exactly_these_faults_are_told(tmp_path, plugins, case):
    path = folder(tmp_path, case)
    if any(name.startswith("plugins/") for name in case.get("files", ())):
        plugins = load(path, INSTALLED)
    found = faults(path, case.get("words", []), plugins)
    places = [[f.where.source, f.where.line, f.where.column, f.code] for f in found]
    assert places == [fault[:4] for fault in case["faults"]], "\n".join(fault.render() for fault in found)
    for fault, (*_, pattern) in zip(found, case["faults"], strict=True):
        assert re.match(pattern, text(fault)), text(fault)
        caret = fault.where.column - 1 + fault.where.width
        assert caret <= len(fault.where.text) + 1  # one behind the line where a value is missing


def test_twelve_faults_are_twelve_reports():
    assert len(CORPUS["many: twelve faults are twelve reports"]["faults"]) == 12


def test_a_fault_in_the_configs_of_an_installed_plugin_is_told_by_its_path_in_the_package(tmp_path, monkeypatch):
    site = tmp_path / "site"
    Project(site).write("somewhere/conf/data/theirs.yaml", "use: rows\npath: theirs.csv\nlogin:\n  usr: x\n")
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    path = folder(tmp_path / "project")
    registering = (
        f"def headway_register(registry):\n    registry.add('configs', 'theirs', {str(site / 'somewhere/conf')!r})\n"
    )
    Project(path).write("plugins/theirs.py", registering)
    (fault,) = faults(path, ["data=theirs"], load(path, INSTALLED))
    assert (fault.where.source, fault.where.line, fault.where.column) == ("somewhere/conf/data/theirs.yaml", 4, 3)


@pytest.mark.parametrize("number", ["1e-3", "1.0e-3", "5E-1", ".5", "1"])
def test_a_number_may_be_written_as_people_write_it(tmp_path, plugins, number):
    path = folder(tmp_path, {"add": f"model: {{dropout: {number}}}\n"})
    experiment = check(compose(path, ["experiment=study"], plugins), plugins)
    assert experiment.stages[2].stage.dropout == float(number)
