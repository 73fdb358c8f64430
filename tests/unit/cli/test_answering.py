"""Completion of the nodes of plugins."""

import pytest
from headway.cli.answering import answers
from headway.cli.indexing import build

from tests.unit.config.searches import SWEEPS


@pytest.fixture
def known(project):
    project.plugin("sweeps", SWEEPS)
    project.write("configs/search/fast.yaml", "trials: 3\n")
    return build(str(project.folder))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("sear", ["search.", "search="]),
        ("search=", ["search=fast "]),
        ("search.", ["search.points=", "search.sampler=", "search.space=", "search.trials=", "search.url="]),
        ("search.tr", ["search.trials="]),
        ("search.sampler=", ["search.sampler=random ", "search.sampler=tpe "]),
        ("run", ["runner."]),
        ("runner.iso", ["runner.isolate="]),
    ],
)
def test_nodes_of_plugins_are_completed_like_the_cores(known, word, expected):
    assert list(answers(["run", word], known, ())) == expected
