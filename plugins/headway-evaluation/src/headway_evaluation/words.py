"""Numbers and names as people write them."""

from __future__ import annotations

from collections.abc import Mapping

NAMES = {"auroc": "AUROC", "log_loss": "log loss", "brier": "Brier score"}


def called(metric: str) -> str:
    """A metric's name."""
    return NAMES.get(metric, metric.replace("_", " "))


def number(value: float) -> str:
    """Four decimals."""
    return f"{value:.4f}".replace("-", "−")


def signed(value: float) -> str:
    """A difference with its sign, to four decimals."""
    return f"{value:+.4f}".replace("-", "−")


def percent(share: float) -> str:
    """A level such as ``95 %``."""
    return f"{share * 100:g} %"


def cell(value: object) -> str:
    """A cell of a table, whatever it holds."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or value == 0:
        return f"{value:,.0f}"
    if isinstance(value, float):
        return (f"{value:.4f}" if 1e-3 <= abs(value) < 1e6 else f"{value:.2g}").replace("-", "−")
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {cell(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item) for item in value)
    return str(value)
