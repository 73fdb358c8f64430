"""The kit for plugin authors: fixtures, tiny data and conformance suites for pytest.

Fixtures (`headway.testing.fixtures`) come with one line in the root ``conftest.py``::

    pytest_plugins = ["headway.testing.fixtures"]

Suites are subclassed; supply the fixtures they name and inherit the tests::

    from headway.testing import ModelSuite, StageSuite

    class TestResnet(StageSuite):
        @pytest.fixture
        def stage(self):
            return Resnet

    class TestResnetModel(ModelSuite):
        @pytest.fixture
        def artifact(self, ...):
            return trained_model
"""

from __future__ import annotations

import pytest

for _module in ("artifacts", "contracts", "graphs", "records", "stages", "stores", "trackers"):
    pytest.register_assert_rewrite(f"headway.testing.{_module}")

from headway.testing.artifacts import ArtifactSuite  # noqa: E402 - after assertion rewriting is asked for
from headway.testing.contracts import DatasetSuite, PredictionsSuite, ReportSuite  # noqa: E402
from headway.testing.data import rows_for, tiny_dataset, tiny_table  # noqa: E402
from headway.testing.graphs import FeaturesSuite, ModelSuite, PredictorSuite  # noqa: E402
from headway.testing.projects import Project, Recorder, alone, make_context  # noqa: E402
from headway.testing.records import RecordsSuite  # noqa: E402
from headway.testing.stages import HEAVY, StageSuite, heavy_imports  # noqa: E402
from headway.testing.stores import ArtifactStoreSuite  # noqa: E402
from headway.testing.trackers import Kept, TrackerSuite, follow, make_run  # noqa: E402

__all__ = [
    "HEAVY",
    "ArtifactStoreSuite",
    "ArtifactSuite",
    "DatasetSuite",
    "FeaturesSuite",
    "Kept",
    "ModelSuite",
    "PredictionsSuite",
    "PredictorSuite",
    "Project",
    "Recorder",
    "RecordsSuite",
    "ReportSuite",
    "StageSuite",
    "TrackerSuite",
    "alone",
    "follow",
    "heavy_imports",
    "make_context",
    "make_run",
    "rows_for",
    "tiny_dataset",
    "tiny_table",
]
