"""10^6 generated rows through the graph of every transform, against references by numpy and scikit-learn."""

import itertools

import numpy as np
import pytest
from headway_tabular.testing import BATCHES, fit_for, open_modules, rows_for
from headway_tabular.transforms.base import MISSING_TIME
from headway_tabular.transforms.bins import Bins
from headway_tabular.transforms.clip import Clip
from headway_tabular.transforms.cross import Cross
from headway_tabular.transforms.impute import Impute
from headway_tabular.transforms.log import Log
from headway_tabular.transforms.one_hot import OneHot
from headway_tabular.transforms.periodic import Periodic
from headway_tabular.transforms.piecewise_linear import PiecewiseLinear
from headway_tabular.transforms.scale import Scale
from headway_tabular.transforms.target_mean import TargetMean
from scipy.stats import norm
from sklearn.preprocessing import TargetEncoder

ROWS, CHUNK = 1_000_000, 16_384


def finite(fit):
    return [column[np.isfinite(column)] for column in fit.values.T]


def columnwise(function):
    """A reference of one column and its known training values; columns without any are not compared."""

    def reference(fit, values):
        found = [
            function(known, x) if len(known) else np.full(len(x), np.inf)
            for known, x in zip(finite(fit), values.T, strict=True)
        ]
        return np.stack(found, axis=1)

    return reference


def kept(x, value):
    return np.where(np.isfinite(x), value, x)


def impute(fit, values):
    fill = np.array([np.median(known) if len(known) else 0.0 for known in finite(fit)])
    flags = [index for index, known in enumerate(finite(fit)) if len(known) < len(fit.values)]
    return np.hstack([np.where(np.isfinite(values), values, fill), ~np.isfinite(values[:, flags])])


def affine(centre, spread):
    def scaled(known, x):
        unit = np.abs(known).max() if np.abs(known).max() > 1e100 else 1.0
        known = known / unit
        step = spread(known) if known.min() < known.max() else 1.0
        return kept(x, np.clip((x / unit - centre(known)) / (step or 1.0), -1e6, 1e6))

    return columnwise(scaled)


def normal(known, x):
    """scikit-learn's definition, by np.interp from both sides."""
    shares = np.linspace(0, 1, 100)
    knots = np.quantile(known, shares)
    share = (np.interp(x, knots, shares) - np.interp(-x, -knots[::-1], -shares[::-1])) / 2
    share = np.where(x <= knots[0], 0, np.where(x >= knots[-1], 1, share))
    edge = 1e-7 - np.spacing(1)
    return kept(x, norm.ppf(np.clip(share, edge, 1 - edge)))


def bins(known, x):
    edges = np.unique(np.quantile(known, np.linspace(0, 1, 51)))[1:-1]
    return np.where(np.isfinite(x), np.searchsorted(edges, x, side="right"), len(edges) + 1)


def given_bins(edges):
    return lambda fit, x: np.where(np.isfinite(x), np.digitize(x, edges), len(edges) + 1)


def pieces(fit, values):
    found = []
    for known, x in zip(finite(fit), values.T, strict=True):
        edges = np.unique(known)
        edges = edges if len(edges) < 10 else np.unique(np.quantile(known, np.linspace(0, 1, 9)))
        edges = np.array([0.0, 1.0]) if not len(edges) else edges if len(edges) > 1 else edges[0] + np.array([0, 1.0])
        for index, (low, high) in enumerate(itertools.pairwise(edges)):
            way = (x - low) / (high - low)
            way = way if index == 0 else np.maximum(way, 0)
            way = way if index == len(edges) - 2 else np.minimum(way, 1)
            found.append(kept(x, np.clip(way, -1e6, 1e6)))
    return np.stack(found, axis=1)


def calendar(values):
    """By numpy's own calendar: (rows, columns, parts)."""
    at = np.where(values == MISSING_TIME, 0, values).astype("datetime64[us]")
    year, month, day = (at.astype(f"datetime64[{unit}]") for unit in "YMD")
    parts = [
        (at - at.astype("datetime64[h]")) // np.timedelta64(1, "m"),
        (at - day) // np.timedelta64(1, "h"),
        (day.astype(np.int64) + 3) % 7,
        (day - month.astype("datetime64[D]")).astype(np.int64) + 1,
        month.astype(np.int64) % 12 + 1,
        year.astype(np.int64) + 1970,
    ]
    return np.stack(parts, axis=-1), (values == MISSING_TIME)[..., None]


PARTS, LEAST, SIZES = ("minute", "hour", "weekday", "day", "month", "year"), [0, 0, 0, 1, 1], [60, 24, 7, 31, 12]


def numbers(fit, values):
    fields, missing = calendar(values)
    return np.where(missing, np.nan, fields).reshape(len(values), -1)


def codes(fit, values):
    fields, missing = calendar(values)
    return np.where(missing, SIZES, fields[..., :5] - LEAST).reshape(len(values), -1)


def circle(fit, values):
    fields, missing = calendar(values)
    angle = 2 * np.pi * np.where(missing, np.nan, fields[..., :5] - LEAST) / SIZES
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(len(values), -1)


def one_hot(fit, values):
    return np.hstack(
        [np.eye(size)[column][:, :-1] for size, column in zip(fit.block.cardinalities, values.T, strict=True)]
    )


def target_mean(fit, values):
    reference = TargetEncoder(target_type="binary", categories=[np.arange(n) for n in fit.block.cardinalities])
    last = values == np.array(fit.block.cardinalities) - 1
    return reference.fit(fit.values, fit.target).transform(np.where(last, 99, values))


def cross(fit, values):
    known, counts = np.unique(fit.values, axis=0, return_counts=True)
    table = {tuple(row): code for code, row in enumerate(known[counts >= 3].tolist())}
    distinct, inverse = np.unique(values, axis=0, return_inverse=True)
    return np.array([table.get(tuple(row), len(table)) for row in distinct.tolist()])[inverse.ravel()][:, None]


CASES = {
    "impute": (Impute(), impute, 1e-14),
    "scale standard": (Scale(), affine(np.mean, np.std), 1e-11),
    "scale robust": (
        Scale("robust"), affine(np.median, lambda c: np.subtract(*np.quantile(c, [0.75, 0.25]))), 1e-11,
    ),
    "scale minmax": (Scale("minmax"), affine(np.min, np.ptp), 1e-11),
    "scale normal": (Scale("normal", n_quantiles=100), columnwise(normal), 1e-9),
    "log": (Log(), lambda fit, x: np.where(x > -1, np.log1p(np.maximum(x, -1)), np.nan), 1e-15),
    "log signed": (Log(signed=True), lambda fit, x: np.copysign(np.log1p(np.abs(x)), x), 1e-15),
    "log offset": (Log(offset=0.3), lambda fit, x: np.where(x > -0.3, np.log(x + 0.3), np.nan), 1e-15),
    "clip": (
        Clip(low=-1.0, high_quantile=0.75),
        lambda fit, x: np.clip(x, -1, [np.quantile(c, 0.75) if len(c) else np.inf for c in finite(fit)]), 1e-15,
    ),
    "bins": (Bins(count=50), columnwise(bins), 0),
    "bins given": (Bins(edges=(-1.0, 0.0, 0.1, 1e15)), given_bins([-1.0, 0.0, 0.1, 1e15]), 0),
    "piecewise_linear": (PiecewiseLinear(count=8), pieces, 1e-11),
    "periodic number": (Periodic(PARTS, "number"), numbers, 0),
    "periodic code": (Periodic(PARTS[:5], "code"), codes, 0),
    "periodic circle": (Periodic(PARTS[:5]), circle, 1e-15),
    "one_hot": (OneHot(), one_hot, 0),
    "target_mean": (TargetMean(), target_mean, 1e-12),
    "cross": (Cross(min_frequency=3), cross, 0),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_a_million_rows_agree_with_the_reference_and_no_bit_depends_on_the_batch(name):
    transform, reference, tolerance = CASES[name]
    fit = fit_for(transform.takes[0], rows=5_000)
    fitted = transform.fit(fit)
    run = open_modules({"y": fitted.module}, fit.block)
    values = rows_for(fit, ROWS)
    given = np.concatenate([run(values[first : first + CHUNK])["y"] for first in range(0, ROWS, CHUNK)])
    wanted = reference(fit, values)
    compared = ~np.isposinf(wanted).all(axis=0)
    off = np.abs(given - wanted) > tolerance * np.maximum(np.abs(wanted), 1.0 if tolerance > 1e-15 else 0.0)
    off |= np.isnan(given) != np.isnan(wanted)
    off |= (np.isinf(given) | np.isinf(wanted)) & (given != wanted)
    differing = int(off[:, compared].sum())
    beside = 0
    for size in BATCHES:
        sample = values[: min(ROWS, size * 400)]
        parts = [run(sample[first : first + size])["y"] for first in range(0, len(sample), size)]
        beside += int((np.concatenate(parts).view(np.int64) != given[: len(sample)].view(np.int64)).sum())
    print(f"{name}: {off[:, compared].size:,} values, {differing} off by more than {tolerance}; {beside} by batch")
    assert compared.sum() >= given.shape[1] - 1
    assert differing == 0
    assert beside == 0
