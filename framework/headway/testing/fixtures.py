"""pytest fixtures for plugins and stages; see `headway.testing` for how to switch them on.

Every test gets plugins of its own: nothing that one test loads or registers reaches another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from headway.contracts import Dataset
from headway.plugins import Plugins, Registry, load
from headway.stage import Context
from headway.testing.data import tiny_dataset as make_dataset
from headway.testing.projects import Project, Recorder
from headway.testing.projects import make_context as context_of


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project in a temporary folder."""
    folder = tmp_path / "project"
    (folder / "configs").mkdir(parents=True)
    return Project(folder)


@pytest.fixture
def plugins() -> Plugins:
    """All installed plugins, freshly loaded."""
    return load()


@pytest.fixture
def registry(plugins: Plugins) -> Registry:
    """What all installed plugins registered."""
    return plugins.registry


@pytest.fixture
def recorder() -> Recorder:
    """What the stage under `make_context` reported."""
    return Recorder()


@pytest.fixture
def make_context(tmp_path: Path, registry: Registry, recorder: Recorder) -> Callable[..., Context]:
    """A factory of contexts: ``make_context("model")``; a name's work folder is kept within a test."""

    def make(name: str = "stage") -> Context:
        return context_of(tmp_path / "work" / name, registry, name=name, recorder=recorder)

    return make


@pytest.fixture
def tiny_dataset() -> Dataset:
    """400 rows for classification; see `headway.testing.tiny_dataset` for other sizes and regression."""
    return make_dataset()
