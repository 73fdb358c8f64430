import csv
import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from headway.session import Session

from tests.benchmarks.paper import table
from tests.benchmarks.paper.__main__ import main
from tests.benchmarks.paper.cell import CONFIGS, DATASETS, NETWORKS, TREES, UNTUNED, Cell, cells
from tests.benchmarks.paper.measured import Measured, known
from tests.benchmarks.paper.published import PUBLISHED, Published, published

ROOT = Path(__file__).parents[3]
EVERY = cells([*DATASETS], [*TREES, *NETWORKS], CONFIGS)
CELL = Cell("california", "mlp", "tuned")


@pytest.fixture(scope="module")
def session():
    return Session.open(ROOT)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder such as users have, with a few made-up rows."""
    random = np.random.default_rng(0)
    columns = {name: random.normal(size=90).astype(np.float32) for name in ("MedInc", "HouseAge", "MedHouseVal")}
    made = pl.DataFrame(columns | {"paper_split": ["train"] * 50 + ["val"] * 20 + ["test"] * 20})
    (tmp_path / "data" / "california_housing").mkdir(parents=True)
    made.write_parquet(tmp_path / "data" / "california_housing" / "data.parquet")
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HEADWAY_STORE", str(tmp_path / "store"))
    return tmp_path


@pytest.mark.parametrize("cell", EVERY, ids=lambda cell: f"{cell.dataset} {cell.model} {cell.config}")
def test_every_config_composes_to_its_model_and_data(session, cell):
    (experiment,) = session.experiments(cell.overrides)
    stages = {stage.name: stage for stage in experiment.stages}
    assert stages["model"].use == cell.model
    assert DATASETS[cell.dataset] in stages["evaluation"].stage.metrics
    if cell.config == "tuned" and cell.model in NETWORKS:
        assert stages["model"].stage.monitor == cell.metric
        assert stages["model"].stage.patience == 16


def test_a_change_of_all_configs_is_in_the_command_and_in_the_table(session):
    (cell,) = cells(["adult"], ["tabm"], ["default"], ["model.trainer.precision=bf16-mixed", "model.members=8"])
    (experiment,) = session.experiments(cell.overrides)
    model = next(stage.stage for stage in experiment.stages if stage.name == "model")
    assert (model.trainer.precision, model.members, model.share_batches) == ("bf16-mixed", 8, False)
    assert table.row(cell, Measured(), None)[3] == "default, trainer.precision=bf16-mixed, members=8"


def test_every_file_of_a_data_set_is_a_line_of_the_table():
    files = {
        str(path.relative_to(ROOT / "configs/paper").with_suffix("")) for path in ROOT.glob("configs/paper/*/*.yaml")
    }
    lines = {word.removeprefix("paper=") for cell in EVERY for word in cell.overrides if word.startswith("paper=")}
    assert files == lines


def test_every_line_has_a_published_figure_unless_there_is_none():
    assert {cell.model for cell in EVERY if published(cell.dataset, cell.model, cell.config) is None} == {*UNTUNED}
    assert published("california", "ft_transformer", "default") is PUBLISHED["california"]["ft_transformer default"]
    assert published("california", "resnet", "default") is PUBLISHED["california"]["resnet"]


def test_a_line_tells_both_figures_and_how_many_deviations_lie_between():
    line = table.row(CELL, Measured([0.49, 0.5], [10.0, 20.0]), Published(0.5, 0.002, "MLP tuned 2021"))
    assert line == (
        "california", "rmse", "mlp", "tuned", "0.4950 ± 0.0050", "2", "0.5000 ± 0.0020", "MLP tuned 2021", "15",
        "+2.5", "15",
    )  # fmt: skip


@pytest.mark.parametrize(("dataset", "wanted"), [("california", "-1.0"), ("adult", "+1.0"), ("covertype", "+1.0")])
def test_better_is_a_smaller_error_or_a_greater_accuracy(dataset, wanted):
    line = table.row(Cell(dataset, "mlp", "tuned"), Measured([0.52]), Published(0.5, 0.02, "a paper"))
    assert dict(zip(table.HEADER, line, strict=True))["sd better"] == wanted


def test_what_is_unknown_is_a_dash():
    assert table.row(CELL, Measured(), None)[4:] == ("–", "0", "–", "–", "–", "–", "–")
    assert table.row(CELL, Measured([0.5]), Published(0.4, 0.0, "one seed"))[-2:] == ("–", "–")


def test_all_forms_of_the_table_hold_the_same():
    rows = [table.row(CELL, Measured([0.5]), None), table.row(CELL, Measured(), Published(0.5, 0.1, "a, b"))]
    wanted = [[*table.HEADER], *map(list, rows)]
    assert list(csv.reader(io.StringIO(table.comma_separated(rows)))) == wanted
    cut = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.markdown(rows).splitlines()]
    assert [cut[0], *cut[2:]] == wanted
    lines = table.text(rows).splitlines()
    starts = [lines[0].index(name) for name in ("Headway", "paper's")]
    assert [[line[start - 2 : start] for start in starts] for line in lines] == [["  ", "  "]] * 3


def test_the_command_measures_what_it_can_and_shows_what_is_there(data, capsys):
    asked = ["adult", "california", "--models", "hist_gradient_boosting", "--configs", "default", "--seeds"]
    assert main([*asked, "1", "--write", str(data / "out" / "table.csv")]) == 1
    told = capsys.readouterr()
    assert str(data / "data" / "adult" / "data.parquet") in told.err  # there is none, which does not end the others
    assert [line.split()[0] for line in told.out.splitlines()] == ["california", "dataset", "adult", "california"]
    _, adult, california = csv.reader((data / "out" / "table.csv").read_text().splitlines())
    found = known(Session.open(ROOT), Cell("california", "hist_gradient_boosting", "default"), 2)
    assert len(found.values) == len(found.seconds) == 1
    assert (adult[4:6], california[4:6]) == (["–", "0"], [f"{found.mean:.4f} ± 0.0000", "1"])
    assert main([*asked, "2", "--show"]) == 0
    assert [line.split()[4] for line in capsys.readouterr().out.splitlines()] == ["Headway", "–", f"{found.mean:.4f}"]
