"""Logarithm and normal quantile in float64, with the same bits at every batch size.

onnxruntime's Log rounds the elements that a vector register or a thread leaves over otherwise than the rest, in
float64 too: about one in twelve differs in the last bit. That would move rows over the edges of bins. Here Log only
estimates the exponent; the rest is addition, multiplication and division, which have one result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional

_LOW, _HIGH = -1000, 1026
_TINY, _SCALE, _SHIFT = 2.0**-120, 2.0**100, 100.0
_REDUCTION = (1.4426950408889634, 2**0.5, 0.5**0.5, 6.93147180369123816490e-01, 1.90821492927058770002e-10)
"""1 / ln 2; the ends of the mantissa; ln 2 in two parts, the first with few digits, so that its multiples are exact."""
_SERIES = (
    1.479819860511658591e-01,
    1.531383769920937332e-01,
    1.818357216161805012e-01,
    2.222219843214978396e-01,
    2.857142874366239149e-01,
    3.999999999940941908e-01,
    6.666666666666735130e-01,
)
_CENTRE = (0.425, 0.180625, 1.6)
"""Where the tails begin, its square, and the middle of the outer part."""
_MIDDLE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
     1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077,
     687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_OUTER = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)  # fmt: skip


class Logarithm(torch.nn.Module):
    """Natural logarithm; NaN for what is negative. Within 1 ulp (the argument reduction and series of fdlibm)."""

    def __init__(self) -> None:
        super().__init__()
        powers = [math.ldexp(1.0, -k) for k in range(_LOW, _HIGH)]
        self.register_buffer("powers", constants(powers)[:, None])
        self.register_buffer("reduction", constants(_REDUCTION))
        self.register_buffer("series", constants(_SERIES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Float64 of any shape."""
        estimate, top, bottom, large, small = self.reduction.unbind()
        inside = (x > 0) & (x < math.inf)
        exponent, mantissa = self._split(torch.where(inside, x, 1.0), estimate, top, bottom)
        f = mantissa - 1.0
        s = f / (2.0 + f)
        z = s * s
        half = 0.5 * f * f
        value = s * (half + z * _polynomial(self.series, z)) + exponent * small
        value = value - half + f + exponent * large
        return torch.where(inside, value, torch.where(x == 0, -math.inf, torch.where(x > 0, x, math.nan)))

    def _split(
        self, x: torch.Tensor, estimate: torch.Tensor, top: torch.Tensor, bottom: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """X = 2^exponent · mantissa, the mantissa from √½ to √2, whatever the last bit of the estimate was."""
        tiny = x < _TINY
        x = torch.where(tiny, x * _SCALE, x)
        guess = (x.log() * estimate).round()
        mantissa = x * gather(self.powers, guess.to(torch.int64) - _LOW)
        high, low = mantissa > top, mantissa < bottom
        mantissa = torch.where(high, mantissa * 0.5, torch.where(low, mantissa * 2.0, mantissa))
        guess = torch.where(high, guess + 1.0, torch.where(low, guess - 1.0, guess))
        return torch.where(tiny, guess - _SHIFT, guess), mantissa


class Log1p(torch.nn.Module):
    """log(1 + x), to a few ulp for tiny x too; NaN from -1 down. Kahan's correction of what 1 + x rounds away."""

    def __init__(self) -> None:
        super().__init__()
        self.log = Logarithm()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Float64 of any shape."""
        u = 1.0 + x
        value = self.log(u)
        return torch.where(u == 1.0, x, torch.where(u == x, value, value * (x / (u - 1.0))))


class NormalQuantile(torch.nn.Module):
    """The inverse of the standard normal distribution function (Wichura 1988, algorithm AS 241, PPND16).

    Its part for shares beyond 10^-10 is left out: distributions are cut at 10^-7.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log = Logarithm()
        self.register_buffer("centre", constants(_CENTRE))
        self.register_buffer("middle", constants(_MIDDLE))
        self.register_buffer("outer", constants(_OUTER))

    def forward(self, p: torch.Tensor) -> torch.Tensor:
        """Float64 of any shape, between 10^-10 and 1 - 10^-10; NaN for NaN."""
        border, square, start = self.centre.unbind()
        q = p - 0.5
        middle = q * _ratio(self.middle, square - q * q)
        tail = _ratio(self.outer, torch.sqrt(-self.log(torch.where(q < 0, p, 1.0 - p))) - start)
        return torch.where(q.abs() <= border, middle, torch.where(q < 0, -tail, tail))


def constants(numbers: Sequence[float] | Sequence[Sequence[float]]) -> torch.Tensor:
    """Float64, for a buffer: the exporter rounds numbers that stand in an expression to float32, without a word."""
    return torch.tensor(numbers, dtype=torch.float64)


def gather(table: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """table[index] of a table of shape (size, 1): the exporter makes one Gather of it, of plain indexing many nodes."""
    return torch.nn.functional.embedding(index, table).squeeze(-1)


def _polynomial(coefficients: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """By Horner's rule, the highest power first."""
    first, *others = coefficients.unbind()
    value = first
    for coefficient in others:
        value = value * x + coefficient
    return value


def _ratio(coefficients: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """One polynomial over another; two rows of coefficients."""
    above, below = coefficients.unbind()
    return _polynomial(above, x) / _polynomial(below, x)
