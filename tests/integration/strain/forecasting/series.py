"""A seasonal series with noise and a few gaps: the same on every machine."""

import numpy as np
import polars as pl


def write(path, steps=2000, seed=0):
    """A CSV of the columns time and load: hourly, with a day's and a week's season and a slow drift."""
    random = np.random.default_rng(seed)
    hours = np.arange(steps)
    day, week = np.sin(2 * np.pi * hours / 24), np.sin(2 * np.pi * hours / 168)
    noise = np.convolve(random.normal(0, 4, steps + 7), 0.6 ** np.arange(8), mode="valid")
    load = (100 + 30 * day + 10 * week + noise + 0.002 * hours).round(3)
    gaps = random.random(steps) < 0.003
    start = pl.datetime(2024, 1, 1)
    frame = pl.DataFrame({"load": pl.Series([None if gap else x for gap, x in zip(gaps, load.tolist(), strict=True)])})
    frame.select((start + pl.duration(hours=pl.int_range(steps))).alias("time"), "load").write_csv(path)
