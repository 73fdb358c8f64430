"""A small project, planned and run in this process."""

from dataclasses import replace

import pytest
from headway.config import check, compose, expand
from headway.executors import InProcess
from headway.planning import Selection, plan
from headway.plugins import load
from headway.runner import execute
from headway.store import StageRow, new_run_id, open_store
from headway.testing.records import RUN

from tests.integration.conftest import write_toy


class Quiet:
    """A journal that only remembers keys, as a run's does."""

    def __init__(self, records):
        self.records = records

    def finished(self, node, outcome):
        for label in (label for labels in node.labels.values() for label in labels):
            self.remember(label, node.key, outcome.digest)

    def remember(self, label, key, digest):
        run = replace(RUN, id=new_run_id(), name="toy")
        self.records.open_run(run)
        self.records.write_stage(run.id, StageRow(label, "kind", "use", key, "done", digest=digest))
        self.records.close_run(run.id, "done", 0.0)

    def started(self, *_): ...

    waiting = step = progress = output = started


class Toy:
    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = write_toy(folder).folder
        (folder / "lines.txt").write_text("one\nthree\n")
        opened = open_store(folder / ".headway")
        self.store, self.records = opened.artifacts, opened.records

    def plan(self, *words, **selection):
        plugins = load(self.folder)
        lists = expand(["experiment=toy", *words])
        experiments = [check(compose(self.folder, overrides, plugins), plugins) for overrides in lists]
        return plan(experiments, plugins, self.store, self.records, Selection(**selection))

    def run(self, *words, **selection):
        made = self.plan(*words, **selection)
        executor = InProcess(load(self.folder))
        assert execute(made, executor, Quiet(self.records), (self.store.root, self.folder))

    def edit(self, path, old, new):
        file = self.folder / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def keys(self, *words):
        return {node.label: node.key for node in self.plan(*words).nodes}

    def reasons(self, *words):
        nodes = self.plan(*words).nodes
        return {node.label: tuple(map(str, node.reasons)) for node in nodes if node.verdict == "run"}


@pytest.fixture
def make_toy(tmp_path):
    """A toy project in a folder of a name."""
    return lambda name: Toy(tmp_path / name)


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path)
