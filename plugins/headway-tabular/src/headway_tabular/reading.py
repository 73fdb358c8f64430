"""Files → frames."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import polars as pl
from headway import DataError

SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read(path: Path) -> pl.LazyFrame:
    """The rows of a file, typed by its format or, for text, by its content.

    Args:
        path: A ``.parquet``, ``.csv`` or ``.tsv`` file; text also as ``.gz``, or alone in a ``.zip``.

    Raises:
        DataError: The file is empty, of another format, not UTF-8, malformed, or names a column twice.
    """
    name = path.name.removesuffix(".gz").removesuffix(".zip")
    suffix = Path(name).suffix.lower()
    if suffix == ".parquet":
        return _guarded(path, lambda: pl.scan_parquet(path))
    if suffix not in SEPARATORS:
        raise DataError(
            f"{path.name} is of no known format",
            hint="give a .parquet, .csv or .tsv file (text also as .gz or .zip)",
            code="file-format",
        )
    text = _bytes(path)
    _check_header(path, text, SEPARATORS[suffix])
    return _guarded(path, lambda: pl.read_csv(text, separator=SEPARATORS[suffix], infer_schema=False).lazy())


def _bytes(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix != ".zip":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
        if len(members) != 1:
            raise DataError(f"{path.name} holds {len(members)} files", hint="zip one file alone", code="file-format")
        return archive.read(members[0])


def _check_header(path: Path, text: bytes, separator: str) -> None:
    if not text.strip():
        raise DataError(f"{path.name} is empty", hint="a table has a header and rows", code="empty-file")
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path.name} is not UTF-8: byte {text[error.start]:#04x} in line {line}",
            hint=f"convert it: iconv -f latin1 -t utf-8 {path.name}",
            code="encoding",
        ) from error
    names = text.split(b"\n", 1)[0].decode().strip("\ufeff\r").split(separator)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path.name} names a column twice: {twice[0]}", hint="rename one", code="duplicate-column")


def _guarded(path: Path, call: object) -> pl.LazyFrame:
    try:
        frame: pl.LazyFrame = call()  # type: ignore[operator]
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path.name} cannot be read: {reason}", hint="is it whole?", code="malformed") from error
    return frame


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Gives text columns the narrowest type that loses nothing: integer, float, boolean, date and time, text.

    A leading zero (``007``) or a sign of an identifier keeps a column text.
    """
    return frame.with_columns(_narrow(_plain(series)) for series in frame)


def _plain(series: pl.Series) -> pl.Series:
    """Types that only say how values are stored become the plain type of the same values."""
    if series.dtype in (pl.Categorical, pl.Enum):
        return series.cast(pl.String)
    if series.dtype == pl.Decimal:
        return series.cast(pl.Float64)
    if series.dtype == pl.Date or series.dtype == pl.Datetime:
        return (
            series.dt.replace_time_zone(None).cast(pl.Datetime("us"))
            if series.dtype == pl.Datetime
            else series.cast(pl.Datetime("us"))
        )
    return series


def _narrow(series: pl.Series) -> pl.Series:
    values = series.drop_nulls()
    if series.dtype != pl.String or not values.len():
        return series
    if values.str.contains(r"^-?(0|[1-9]\d{0,17})$").all():
        return series.cast(pl.Int64)
    if values.str.contains(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$").all() and not _has_leading_zeros(values):
        return series.cast(pl.Float64)
    if values.str.to_lowercase().is_in(["true", "false"]).all():
        return series.str.to_lowercase() == "true"
    return _as_time(series, values)


def _has_leading_zeros(values: pl.Series) -> bool:
    return bool(values.str.contains(r"^[+-]?0\d").any())


def _as_time(series: pl.Series, values: pl.Series) -> pl.Series:
    if not values.str.contains(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$").all():
        return series
    width = values.str.len_chars().max()
    if width == 10:
        return series.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    return series.str.replace("T", " ").str.to_datetime(strict=False, time_unit="us")
