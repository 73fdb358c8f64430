"""A suite is worth what it catches: each test breaks one promise and expects the inherited test to say so."""

import dataclasses
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from headway.contracts import (
    ROW,
    ArraySpec,
    Artifact,
    Dataset,
    Features,
    Figure,
    Graph,
    Measurement,
    Output,
    Predictor,
    Recipe,
    Report,
    Runtime,
    Schema,
    Source,
    Table,
)
from headway.stage import Context, Stage
from headway.testing import (
    ArtifactSuite,
    DatasetSuite,
    FeaturesSuite,
    PredictorSuite,
    ReportSuite,
    StageSuite,
    heavy_imports,
    tiny_dataset,
)
from headway.testing.graphs import check_output


class Names:
    """A lookup of anything by its class."""

    def __init__(self, *classes):
        self.known = {("artifact", getattr(c, "type_name", c.__name__)): c for c in classes}
        self.known |= {("runtime", c.__name__): c for c in classes if issubclass(c, Runtime)}

    def get(self, kind, name):
        return self.known[kind, name]


def saving(write):
    """An artifact class that saves by `write(folder)` and loads anything."""

    @dataclass(frozen=True)
    class Note(Artifact):
        type_name = "note"

        def save(self, folder):
            write(folder)

        @classmethod
        def load(cls, folder, lookup):
            return cls()

    return Note


def clock(folder):
    (folder / "note.json").write_text(json.dumps(time.time()))


def own_path(folder):
    (folder / "note.json").write_text(json.dumps(str(folder)))


def dice(folder):
    (folder / "note.json").write_text(json.dumps(random.random()))


@pytest.mark.parametrize("write", [clock, own_path, dice])
def test_bytes_that_change_are_caught(write, tmp_path, monkeypatch):
    with pytest.raises(AssertionError):
        ArtifactSuite().test_saving_gives_the_same_bytes_in_any_folder_at_any_time(
            saving(write)(), tmp_path, monkeypatch
        )


def test_an_artifact_that_keeps_its_promises_passes(tmp_path, monkeypatch):
    note = saving(lambda folder: (folder / "note.json").write_text("1"))
    suite, names = ArtifactSuite(), Names(note)
    suite.test_its_class_is_registered_under_its_type_name(note(), names)
    suite.test_saving_gives_the_same_bytes_in_any_folder_at_any_time(note(), tmp_path / "a", monkeypatch)
    suite.test_a_loaded_artifact_saves_the_bytes_it_was_loaded_from(note(), names, tmp_path / "b")
    suite.test_its_files_are_of_closed_formats(note(), tmp_path / "c")
    suite.test_its_files_tell_nothing_of_this_machine(note(), tmp_path / "d")
    suite.test_it_loads_from_a_read_only_folder_and_leaves_it_as_it_was(note(), names, tmp_path / "e")


@pytest.mark.parametrize("name", ["model.pkl", "model.pt", "code.py", "state.ckpt"])
def test_open_formats_are_caught(name, tmp_path):
    with pytest.raises(AssertionError):
        ArtifactSuite().test_its_files_are_of_closed_formats(saving(lambda f: (f / name).write_bytes(b"x"))(), tmp_path)


def test_a_folder_of_this_machine_is_caught(tmp_path):
    note = saving(lambda folder: (folder / "note.json").write_text(str(Path.cwd())))
    with pytest.raises(AssertionError, match=r"note\.json"):
        ArtifactSuite().test_its_files_tell_nothing_of_this_machine(note(), tmp_path)


def test_loading_that_writes_is_caught(tmp_path):
    @dataclass(frozen=True)
    class Caching(Artifact):
        type_name = "caching"

        def save(self, folder):
            (folder / "note.json").write_text("1")

        @classmethod
        def load(cls, folder, lookup):
            folder.chmod(0o755)
            (folder / "cache.json").write_text("2")
            return cls()

    with pytest.raises(AssertionError):
        ArtifactSuite().test_it_loads_from_a_read_only_folder_and_leaves_it_as_it_was(Caching(), Names(), tmp_path)


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


def leaking(data):
    return Dataset(data.schema, {**data.splits, "test": data.splits["train"]})


def reordered(data):
    backwards = {name: frame.select(reversed(frame.collect_schema().names())) for name, frame in data.splits.items()}
    return Dataset(data.schema, backwards)


def unknown_class(data):
    target = dataclasses.replace(data.schema.targets[0], classes=("<=50K", "rich"))
    return Dataset(Schema(data.schema.columns, (target,)), data.splits)


def not_nullable(data):
    columns = tuple(dataclasses.replace(column, nullable=False) for column in data.schema.columns)
    return Dataset(Schema(columns, data.schema.targets), data.splits)


@pytest.mark.parametrize(
    ("change", "test"),
    [
        (leaking, "test_no_row_is_in_two_splits_or_twice_in_one"),
        (reordered, "test_splits_have_the_columns_of_the_schema_after_the_row_id"),
        (unknown_class, "test_classes_are_distinct_and_hold_every_target_value"),
        (not_nullable, "test_columns_called_complete_have_no_missing_training_values"),
    ],
)
def test_broken_datasets_are_caught(change, test):
    getattr(DatasetSuite(), test)(tiny_dataset(50))
    with pytest.raises(AssertionError):
        getattr(DatasetSuite(), test)(change(tiny_dataset(50)))


@dataclass(frozen=True)
class Centred(Runtime):
    """A graph whose answer depends on the batch, as a forgotten training mode would make it."""

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        ages = feeds["age"] - feeds["age"].mean()
        high = (1 / (1 + np.exp(-ages))).astype(np.float32)
        return {"probability": np.stack([1 - high, high], axis=1)}


def test_a_prediction_that_depends_on_its_batch_is_caught():
    schema = tiny_dataset(50).schema
    outputs = (Output("probability", "probability", classes=("a", "b")),)
    predictor = Predictor((schema.column("age"),), Recipe(), outputs, Graph("Centred", {}))
    suite, rows, names = PredictorSuite(), tiny_dataset(50).split("train").collect(), Names(Centred)
    suite.test_scores_are_what_the_outputs_promise(predictor, rows, names)
    with pytest.raises(AssertionError):
        suite.test_a_row_is_scored_alike_alone_and_among_others(predictor, rows, names)


@dataclass(frozen=True)
class Ahead(Runtime):
    """A forecast that is read off the rows that follow, as a window with a wrong sign would do it."""

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        following = np.append(feeds["age"][1:, -1], 0.0)
        return {"value": following.astype(np.float32)}


def test_a_prediction_that_sees_later_rows_is_caught():
    columns = (dataclasses.replace(tiny_dataset(50).schema.column("age"), history=2),)
    predictor = Predictor(columns, Recipe(), (Output("value", "value"),), Graph("Ahead", {}))
    suite, rows, names = PredictorSuite(), tiny_dataset(50).split("train").collect(), Names(Ahead)
    suite.test_scores_are_what_the_outputs_promise(predictor, rows, names)
    with pytest.raises(AssertionError):
        suite.test_no_later_row_decides_a_prediction(predictor, rows, names)


@dataclass(frozen=True)
class Pair(Runtime):
    """Age and twice the age."""

    @classmethod
    def load(cls, files, lookup):
        return cls()

    def run(self, feeds):
        return {"pair": np.stack([feeds["age"], 2 * feeds["age"]], axis=1).astype(np.float32)}


def test_training_values_fitted_out_of_fold_may_differ_from_the_graph_and_no_others():
    data, names = tiny_dataset(50), Names(Pair)
    frames = {name: frame.collect() for name, frame in data.splits.items()}
    arrays = {name: Pair().run({"age": frame["age"].to_numpy()}) for name, frame in frames.items()}
    arrays["train"]["pair"][:, 1] += 1
    sources = {name: Source(given, len(frames[name])) for name, given in arrays.items()}
    age, spec = (data.schema.column("age"),), ArraySpec("pair", "float32", (2,))
    plain = Features(age, Recipe(), Graph("Pair", {}), (spec,), data.schema.target, sources)
    exempt = dataclasses.replace(plain, arrays=(dataclasses.replace(spec, out_of_fold=(1,)),))
    suite = FeaturesSuite()
    suite.test_the_graph_gives_the_sources_bit_for_bit(exempt, data, names)
    with pytest.raises(AssertionError, match="train"):
        suite.test_the_graph_gives_the_sources_bit_for_bit(plain, data, names)
    arrays["test"]["pair"][:, 1] += 1
    with pytest.raises(AssertionError, match="test"):
        suite.test_the_graph_gives_the_sources_bit_for_bit(exempt, data, names)


def test_quantiles_that_cross_are_caught():
    output = Output("q", "quantile", levels=(0.1, 0.9))
    check_output(np.float32([[1, 2], [2, 2]]), output, 2)
    with pytest.raises(AssertionError, match="cross"):
        check_output(np.float32([[1, 2], [2, 1]]), output, 2)
    with pytest.raises(AssertionError):
        check_output(np.float32([[1, 2]]), dataclasses.replace(output, levels=(0.9, 0.1)), 1)


def page(html, **more):
    given = {"title": "T", "predictor": "0" * 64, "level": 0.95, "method": "m", "html": html,
             "measurements": (Measurement("auroc", "test", 0.5, rows=3),)}  # fmt: skip
    return Report(**given | more)


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="style.css">',
        '<img src="//example.org/pixel.png">',
        "<style>@import url(https://example.org/font.css);</style>",
        "<style>a { background: url('https://example.org/x.png') }</style>",
        '<iframe srcdoc="x"></iframe>',
        '<p onclick="alert(1)">x</p>',
        '<a href="javascript:alert(1)">x</a>',
    ],
)
def test_pages_that_fetch_or_run_something_are_caught(html):
    ReportSuite().test_the_page_is_self_contained(page('<a href="https://example.org">a link is no fetch</a>'))
    with pytest.raises(AssertionError):
        ReportSuite().test_the_page_is_self_contained(page(html))


def test_broken_reports_are_caught():
    suite = ReportSuite()
    with pytest.raises(AssertionError):
        suite.test_intervals_are_ordered_and_rest_on_rows(page("", measurements=(Measurement("a", "test", 1),)))
    upside_down = Measurement("a", "test", 1, low=2, high=0, rows=1)
    with pytest.raises(AssertionError):
        suite.test_intervals_are_ordered_and_rest_on_rows(page("", measurements=(upside_down,)))
    with pytest.raises(AssertionError):
        suite.test_tables_are_rectangular(page("", tables=(Table("t", ("a", "b"), ((1,),)),)))
    fetching = Figure(
        "f", "c", '<svg xmlns="http://www.w3.org/2000/svg"><image href="https://example.org/x.png"/></svg>'
    )
    with pytest.raises(AssertionError):
        suite.test_the_figures_are_well_formed_and_fetch_nothing(page("", figures=(fetching,)))


@dataclass(frozen=True)
class Depth:
    """How deep."""

    layers: int = 2
    """How many layers."""
    width: int = 8


@dataclass(frozen=True)
class Undocumented(Stage):
    """A stage with a field that nobody explains, nested."""

    depth: Depth = Depth()
    """Its depth."""

    def run(self, context: Context) -> Dataset:
        raise AssertionError


@dataclass(frozen=True)
class Silent(Stage):
    rate: float = 0.1
    """The rate."""

    def run(self, context: Context) -> Dataset:
        raise AssertionError


@dataclass(frozen=True)
class Listed(Stage):
    """A stage whose default JSON cannot bring back."""

    names: object = dataclasses.field(default_factory=lambda: frozenset({"a"}))
    """Names."""

    def run(self, context: Context) -> Dataset:
        raise AssertionError


def test_broken_stages_are_caught():
    suite = StageSuite()
    suite.test_it_keeps_the_contract_of_a_stage(Undocumented)
    with pytest.raises(AssertionError, match="Depth"):
        suite.test_every_field_is_documented(Undocumented)
    with pytest.raises(AssertionError):
        suite.test_it_says_what_it_does(Silent)
    with pytest.raises((AssertionError, TypeError)):
        suite.test_its_values_pass_through_json_unchanged(Listed, {})


def test_heavy_imports_are_named(tmp_path, monkeypatch):
    (tmp_path / "weighty.py").write_text("import numpy, json\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert heavy_imports("weighty") == ["numpy"]
    assert heavy_imports("headway.contracts") == []


def test_row_ids_are_the_first_column_of_the_tiny_dataset():
    assert tiny_dataset(50).split("train").collect_schema().names()[0] == ROW
