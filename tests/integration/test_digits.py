"""Images through all stages: scikit-learn's digits, by the repository's own experiment with few epochs."""

import gzip
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from headway.contracts import TARGET, Features, Predictor, Report
from headway.plugins import load

from tests.integration.conftest import Project

ROOT = Path(__file__).parents[2]
QUICK = (
    "model.trainer.max_epochs=6",
    "model.schedule=constant",
    "model.trainer.accelerator=cpu",
    "features.augmentation={shift: {by: 1}}",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    shutil.copytree(ROOT / "configs", folder / "configs")
    made = Project(folder)
    done = made.headway("run", "experiment=digits", *QUICK)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def artifact(project):
    def get(kind, stage):
        return kind.load(project.folder / ".headway" / "runs" / "latest" / stage, load().registry)

    return get


@pytest.fixture(scope="module")
def digits():
    """The file as scikit-learn ships it, read without Headway."""
    with (files("sklearn.datasets.data") / "digits.csv.gz").open("rb") as stream:
        return np.loadtxt(gzip.open(stream), delimiter=",")


def test_images_are_told_apart_by_a_network_that_has_seen_few(artifact):
    kept = artifact(Report, "evaluation").predictions["model"]
    test = kept.frame["split"].to_numpy() == "test"
    right = kept.output("probability").argmax(axis=1) == kept.frame["target"].to_numpy()
    assert test.sum() > 300
    assert right[test].mean() > 0.95


def test_the_arrays_are_the_pixels_and_augmentation_does_not_touch_them(artifact, digits):
    features = artifact(Features, "features")
    assert features.augmentation == {"use": "shift", "by": 1}
    pixels = {(row[:-1] / 16).astype(np.float32).tobytes(): int(row[-1]) for row in digits}
    for split in ("train", "validation", "test"):
        batch = features.source(split).batch()
        assert batch["tensor"].shape[1:] == (1, 8, 8)
        for image, label in zip(batch["tensor"], batch[TARGET], strict=True):
            assert pixels[image.tobytes()] == label


def test_the_gate_held_every_batch_size_bit_for_bit(artifact):
    evidence = artifact(Predictor, "export").evidence
    assert evidence["tolerance"]["require_bit_equal"]
    assert {1, 2, 3, 7, 8, 16, 40, 51, 129} < set(evidence["batch_sizes"])
    batches = [check for check in evidence["checks"] if check["check"] == "batches"]
    assert batches
    assert all(check["unequal"] == 0 for check in batches)


def test_rows_of_pixels_are_scored_as_they_were_judged(project, artifact, digits):
    names = [f"column_{i}" for i in range(1, 66)]
    known = artifact(Report, "evaluation").predictions["model"].frame.filter(split="test")
    rows = pl.DataFrame(digits[known["__row__"].to_numpy()], schema=names)
    rows.drop("column_65").write_csv(project.folder / "rows.csv")
    done = project.headway("predict", "latest", "rows.csv", "scored.parquet")
    assert done.returncode == 0, done.stderr
    scored = pl.read_parquet(project.folder / "scored.parquet")
    for digit in range(10):
        assert scored[f"probability[{digit}]"].equals(known[f"probability[{digit}]"])
