"""The data stage: how its memory grows with the rows, from CSV and from parquet.

What is counted is the peak beyond what the libraries take before the stage begins, in a process of its own. Pages of
mapped files are left out: the system takes them back when it needs them.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from headway.plugins import load
from headway.testing import make_context
from headway_tabular.table import Table

from tests.benchmarks.ratio import Ratio

BASE = 400_000
"""Rows of the smallest table: beyond it, readers have their buffers full."""
PIECE = 200_000


def measure() -> Iterator[Ratio]:
    """Peaks at 10 and 50 times the rows (of CSV at 10 times), to the base."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix, times in ((".csv", (10,)), (".parquet", (10, 50))):
            base = _peak(Path(folder), suffix, 1)
            for factor in times:
                name = f"data stage, {suffix}: memory at {factor}x the rows to {BASE // 1000}k rows"
                yield Ratio(name, _peak(Path(folder), suffix, factor), base, 2.0)


def _peak(folder: Path, suffix: str, times: int) -> float:
    """MB (not seconds) in a child process."""
    path = folder / f"rows{suffix}"
    _write(path, times * BASE)
    command = [sys.executable, "-m", "tests.benchmarks.bench_data", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    path.unlink()
    return float(done.stdout) / 1e3  # a thousandth, for ratios print seconds as milliseconds


def _write(path: Path, rows: int) -> None:
    parts = [path.with_name(f"{number}.part") for number in range(-(-rows // PIECE))]
    for number, part in enumerate(parts):
        _piece(number).write_parquet(part)
    frame = pl.scan_parquet(parts).head(rows)
    frame.sink_csv(path) if path.suffix == ".csv" else frame.sink_parquet(path, row_group_size=50_000)
    for part in parts:
        part.unlink()


def _piece(number: int) -> pl.DataFrame:
    random = np.random.default_rng(number)
    numbers = {f"x{i}": random.normal(size=PIECE).round(3) for i in range(8)}
    words = np.array([f"w{i}" for i in range(200)])
    return pl.DataFrame(
        {**numbers, "word": words[random.integers(0, 200, PIECE)], "y": (random.random(PIECE) < 0.3).astype(int)}
    )


def _anonymous() -> int:
    """Bytes of this process that no file backs."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["RssAnon"].split()[0]) * 1024


def _run(path: str) -> float:
    registry, peak, done = load().registry, [0], threading.Event()
    before = _anonymous()

    def watch() -> None:
        while not done.is_set():
            peak[0] = max(peak[0], _anonymous())
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with tempfile.TemporaryDirectory() as folder:
        data = Table(path=path, target="y").run(make_context(Path(folder) / "work", registry))
        (Path(folder) / "saved").mkdir()
        data.save(Path(folder) / "saved")
    done.set()
    watcher.join()
    return (peak[0] - before) / 2**20


if __name__ == "__main__":
    print(_run(sys.argv[1]))
