import datetime
import math

import numpy as np
import pytest
from headway import DataError
from headway_tabular.testing import TransformSuite, open_modules
from headway_tabular.transforms import Block, Fit
from headway_tabular.transforms.base import MISSING_TIME
from headway_tabular.transforms.periodic import LABELS, Periodic
from hypothesis import given
from hypothesis import strategies as st

EPOCH = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)
PARTS = ("second", "minute", "hour", "weekday", "day", "month")
MOMENTS = st.one_of(
    st.datetimes(),
    st.dates().map(lambda day: datetime.datetime.combine(day, datetime.time.min)),
    st.dates().map(lambda day: datetime.datetime.combine(day, datetime.time.max)),
    st.sampled_from([datetime.datetime.min, datetime.datetime.max, EPOCH, EPOCH - MICROSECOND]),
    st.integers(1, 9999).map(lambda year: datetime.datetime(year, 3, 1) - MICROSECOND),
    st.none(),
)
BLOCK = Block("time", ("at", "until"))
FIT = Fit(BLOCK, np.zeros((2, 2), dtype=np.int64), np.zeros(2), None, np.zeros(2, dtype=np.int64))


class TestCircle(TransformSuite):
    @pytest.fixture
    def transform(self):
        return Periodic()


class TestCodes(TransformSuite):
    @pytest.fixture
    def transform(self):
        return Periodic(parts=("day", "minute"), encode="code")


@pytest.fixture(scope="module")
def run():
    kinds = {
        "circle": Periodic(PARTS),
        "code": Periodic(PARTS, "code"),
        "number": Periodic((*PARTS, "year"), "number"),
        "hour": Periodic(("hour",), "number"),
    }
    return open_modules({name: periodic.fit(FIT).module for name, periodic in kinds.items()}, BLOCK)


def fields(moment):
    """By the standard library; None for a missing one."""
    if moment is None:
        return [math.nan] * 7
    parts = [moment.second, moment.minute, moment.hour, moment.weekday(), moment.day, moment.month, moment.year]
    return [float(part) for part in parts]


def micros(moment):
    return MISSING_TIME if moment is None else (moment - EPOCH) // MICROSECOND


@given(rows=st.lists(st.tuples(MOMENTS, MOMENTS), min_size=1, max_size=50))
def test_parts_are_those_of_the_standard_library(run, rows):
    given = run(np.array([[micros(moment) for moment in row] for row in rows]))
    wanted = np.array([[fields(moment) for moment in row] for row in rows])
    np.testing.assert_array_equal(given["number"], wanted.reshape(len(rows), -1))
    np.testing.assert_array_equal(given["hour"], wanted[:, :, 2])
    sizes, least = np.array([60, 60, 24, 7, 31, 12]), np.array([0, 0, 0, 0, 1, 1])
    codes = np.where(np.isnan(wanted[:, :, :6]), sizes, wanted[:, :, :6] - least)
    np.testing.assert_array_equal(given["code"], codes.reshape(len(rows), -1))
    angle = 2 * np.pi * (wanted[:, :, :6] - least) / sizes
    circle = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(len(rows), -1)
    np.testing.assert_allclose(given["circle"], circle, rtol=0, atol=1e-15)


def test_columns_and_codes_have_names():
    block = Periodic(("weekday", "month"), "code").fit(FIT).block
    assert block.names == ("at_weekday", "at_month", "until_weekday", "until_month")
    assert block.categories[0] == (*LABELS["weekday"], "(missing)")
    assert Periodic(("hour",)).fit(FIT).block.names == (
        "at_hour_sin",
        "at_hour_cos",
        "until_hour_sin",
        "until_hour_cos",
    )


@pytest.mark.parametrize("encode", ["circle", "code"])
def test_a_year_does_not_come_round(encode):
    with pytest.raises(DataError, match="a year does not come round"):
        Periodic(("year",), encode)
