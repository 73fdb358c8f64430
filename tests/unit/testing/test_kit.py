import os
import subprocess
import sys

import polars as pl
import pytest
from headway.contracts import ROW, Column, conform
from headway.testing import alone, rows_for, tiny_dataset, tiny_table


def test_the_tiny_table_is_the_same_every_time_and_has_the_difficulties_of_real_ones():
    table = tiny_table()
    assert table.equals(tiny_table())
    assert not table.equals(tiny_table(seed=1))
    assert table["hours"].null_count() > 0
    assert table["work"].null_count() > 0
    assert 0.2 < (table["income"] == ">50K").mean() < 0.6
    assert (table["gain"] == 0).mean() > 0.8


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_tiny_dataset_keeps_all_rows(task):
    data = tiny_dataset(100, task=task)
    assert {name: len(frame.collect()) for name, frame in data.splits.items()} == {
        "train": 60, "validation": 20, "test": 20,
    }  # fmt: skip
    assert data.schema.target.task == task


def test_rows_for_fit_the_columns_and_hold_what_training_never_saw():
    columns = (*tiny_dataset().schema.columns, Column("at", "timestamp", "Datetime", nullable=True))
    rows = rows_for(columns, rows=200)
    assert conform(rows, columns).columns == [column.name for column in columns]
    assert "never seen" in rows["work"].to_list()
    assert rows["work"].null_count() > 0
    assert rows["at"].dtype == pl.Datetime


def test_a_plugin_alone_has_its_declared_dependencies_and_nothing_else():
    found = alone("evaluation")
    assert {info.name for info in found.infos} == {"evaluation"}
    assert found.registry.names("metric")


def test_a_plugin_that_is_not_installed_names_the_nearest():
    with pytest.raises(LookupError, match="did you mean 'evaluation'"):
        alone("evaluatoin")


def test_a_project_has_plugins_of_its_own(project):
    project.plugin("mine", "def headway_register(registry):\n    registry.add('thing', 'one', dict)\n")
    assert project.plugins().registry.get("thing", "one") is dict


def test_a_project_runs_the_command_line(project):
    done = project.headway("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("headway ")


def test_contexts_keep_their_work_folder_and_record(make_context, recorder):
    context = make_context("model")
    (context.work / "state.json").write_text("1")
    context.report(1, {"loss": 0.5})
    context.progress(0.5, 2, "epochs", at_most=True)
    context.record({"auroc": 0.9})
    assert (make_context("model").work / "state.json").exists()
    assert not (make_context("other").work / "state.json").exists()
    assert recorder.reports == [(1, {"loss": 0.5})]
    assert [(each.done, each.share, each.unit, each.at_most) for each in recorder.progresses] == [
        (0.5, 0.25, "epochs", True)
    ]
    assert recorder.metrics == {"auroc": 0.9}


@pytest.fixture
def pytester_like(tmp_path):
    """Runs a test file in a process of its own, outside this repository's settings."""

    def run(source):
        from textwrap import dedent

        (tmp_path / "conftest.py").write_text('pytest_plugins = ["headway.testing.fixtures"]\n')
        (tmp_path / "test_it.py").write_text(dedent(source))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
        done = subprocess.run([*command, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                              env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})  # fmt: skip
        return done.stdout + done.stderr

    return run


def test_a_suite_without_its_artifact_says_which_fixture_it_needs(pytester_like):
    result = pytester_like("""
        from headway.testing import DatasetSuite, StageSuite

        class TestMine(DatasetSuite):
            pass

        class TestMyStage(StageSuite):
            pass
    """)
    assert "TestMine must supply the fixture 'artifact'" in result
    assert "TestMyStage must supply the fixture 'stage'" in result


def test_the_kit_works_outside_this_repository_with_one_line_of_conftest(pytester_like):
    result = pytester_like("""
        import pytest
        from headway.testing import DatasetSuite

        class TestTiny(DatasetSuite):
            @pytest.fixture
            def artifact(self, tiny_dataset):
                return tiny_dataset

        def test_fixtures(project, registry, make_context, recorder, plugins):
            make_context("model").record({"auroc": 0.5})
            assert recorder.metrics == {"auroc": 0.5}
            assert registry is plugins.registry
            assert (project.folder / "configs").is_dir()
    """)
    assert "12 passed" in result


def test_row_ids_are_the_first_column_of_the_tiny_dataset():
    assert tiny_dataset(50).split("train").collect_schema().names()[0] == ROW
