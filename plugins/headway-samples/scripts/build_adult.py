"""Rebuilds data/adult.parquet from the raw CSV in the PyPI package fairness 0.1.8.

Usage: python scripts/build_adult.py [WHEEL]

Without a wheel, it is downloaded by ``pip download --no-deps``. Values stay as they are ('?' is missing);
only the column names are given underscores, and the target its short name.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import polars as pl

SOURCE = "fairness==0.1.8"
MEMBER = "fairness/data/raw/adult.csv"
TARGET = Path(__file__).parents[1] / "src" / "headway_samples" / "data" / "adult.parquet"


def download(folder: Path) -> Path:
    """The wheel, fetched by pip into a folder."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), SOURCE]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def read(wheel: Path) -> pl.DataFrame:
    """The raw rows, with column names that need no quotes."""
    with zipfile.ZipFile(wheel) as archive:
        frame = pl.read_csv(io.BytesIO(archive.read(MEMBER)))
    frame = frame.rename(lambda name: name.replace("-", "_"))
    return frame.rename({"income_per_year": "income"})


def main(arguments: list[str]) -> None:
    """Writes the parquet file."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(arguments[0]) if arguments else download(Path(folder))
        read(wheel).write_parquet(TARGET, compression="zstd", compression_level=19)


if __name__ == "__main__":
    main(sys.argv[1:])
