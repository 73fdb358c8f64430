import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest
from headway.config import check, compose
from headway.plugins import load

PACKAGE = Path(__file__).parents[1]
ADULT = PACKAGE / "src" / "headway_samples" / "data" / "adult.parquet"


def test_adult_is_whole():
    frame = pl.read_parquet(ADULT)
    assert frame.shape == (32_561, 15)
    assert dict(frame["income"].value_counts().iter_rows()) == {"<=50K": 24_720, ">50K": 7_841}
    assert frame["occupation"].eq("?").sum() == 1_843
    assert all(name.isidentifier() for name in frame.columns)


def test_its_licence_and_attribution_are_beside_it():
    text = ADULT.with_name("LICENSE-adult.md").read_text()
    assert "CC BY 4.0" in text
    assert "10.24432/C5XW20" in text


def test_the_script_rebuilds_the_file_from_a_wheel(tmp_path):
    wheel = tmp_path / "fairness-0.1.8-py3-none-any.whl"
    frame = pl.read_parquet(ADULT).rename({"income": "income_per_year"}).rename(lambda name: name.replace("_", "-"))
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("fairness/data/raw/adult.csv", frame.write_csv())
    script = (PACKAGE / "scripts" / "build_adult.py").read_text()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "src" / "headway_samples" / "data").mkdir(parents=True)
    copy = tmp_path / "scripts" / "build_adult.py"
    copy.write_text(script)
    subprocess.run([sys.executable, str(copy), str(wheel)], check=True)
    rebuilt = tmp_path / "src" / "headway_samples" / "data" / "adult.parquet"
    assert pl.read_parquet(rebuilt).equals(pl.read_parquet(ADULT))


@pytest.mark.parametrize("choice", ["adult", "flights"])
def test_the_configs_have_no_faults(tmp_path, choice):
    (tmp_path / "configs").mkdir()
    plugins = load(tmp_path)
    experiment = check(compose(tmp_path, [f"data={choice}", "pipeline=[data]"], plugins), plugins)
    assert experiment.stages[0].use == "table"
