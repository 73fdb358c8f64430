"""`headway init`: a project to start from, with the user's own table or a sample."""

from __future__ import annotations

import argparse
import os
import re
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from headway.errors import UsageError
from headway.naming import nearest, unknown

if TYPE_CHECKING:
    import polars as pl

    from headway.session import Session

help = "make a project: configs/, plugins/, README"
TEMPLATES = Path(__file__).parent / "template"
SAMPLE = "adult"
MOST_CLASSES = 100
"""A whole-number target with more distinct values is a quantity."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="where; this folder by default")
    parser.add_argument("--name", help="of the experiment; the folder's name by default")
    parser.add_argument("--data", type=Path, metavar="FILE", help="a CSV or parquet file of your own rows")
    parser.add_argument("--target", metavar="COLUMN", help="the column of FILE to predict: a class or a number")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Writes the files that are not there yet, checks the experiment, and says what to type next."""
    folder: Path = arguments.folder.resolve()
    name = _name(arguments.name or folder.name)
    files = _files(folder, name, arguments.data, arguments.target)
    taken = [path for path in files if (folder / path).exists()]
    if "configs/experiment/" + name + ".yaml" in taken:
        raise UsageError(
            f"{folder} has an experiment '{name}' already; nothing was written",
            hint="choose another name: --name NAME",
            code="exists",
        )
    written = [path for path in files if path not in taken]
    for path in written:
        _write(folder / path, files[path])
    _report(folder, name, written, taken)
    return 0


def _name(text: str) -> str:
    """A name that can be a file, a config option and a Python word."""
    return re.sub(r"\W+", "_", text.lower()).strip("_") or "experiment"


def _files(folder: Path, name: str, data: Path | None, target: str | None) -> dict[str, str]:
    """Path to content of everything a project starts with."""
    if (data is None) != (target is None):
        raise UsageError("--data and --target belong together", hint="--data rows.csv --target COLUMN", code="usage")
    values = {"name": name, "data": name if data else SAMPLE, "evaluation": "classification"}
    found = {}
    if data is not None and target is not None:
        _check_column(data, target)
        values["evaluation"] = _evaluation(data, target)
        values |= {"path": _quoted(_seen_from(folder, data)), "target": _quoted(target)}
        found[f"configs/data/{name}.yaml"] = _fill("data.yaml", values)
    found[f"configs/experiment/{name}.yaml"] = _fill("experiment.yaml", values)
    if find_spec("headway_lightning") is not None:
        found["plugins/my_model.py"] = _fill("my_model.txt", values)
    return found | {"README.md": _fill("README.md", values), ".gitignore": _fill("gitignore", values)}


def _fill(template: str, values: dict[str, str]) -> str:
    return Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)


def _quoted(text: str) -> str:
    """A YAML scalar, in quotes if it needs them."""
    import yaml

    return str(yaml.safe_dump(text, allow_unicode=True, width=10_000)).removesuffix("...\n").strip()


def _seen_from(folder: Path, data: Path) -> str:
    """The path of a file as its project writes it: relative if it lies inside."""
    path = data.resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _check_column(data: Path, target: str) -> None:
    if not data.is_file():
        names = [item.name for item in data.parent.iterdir()] if data.parent.is_dir() else []
        close = nearest(data.name, names)
        hint = f"did you mean {data.with_name(close)}?" if close else f"looked for {data.absolute()}"
        raise UsageError(f"there is no file {data}", hint=hint, code="no-file")
    table = _table(data)
    columns = [] if table is None else table.collect_schema().names()
    if columns and target not in columns:
        raise UsageError(unknown("column", target, columns), code="unknown-column")


def _table(data: Path) -> pl.LazyFrame | None:
    """The rows, if their format is one that can be looked into here."""
    import polars as pl

    if data.suffix == ".parquet":
        return pl.scan_parquet(data, glob=False)
    if data.suffix in (".csv", ".tsv"):
        return pl.scan_csv(data, separator="\t" if data.suffix == ".tsv" else ",", infer_schema_length=None, glob=False)
    return None


def _evaluation(data: Path, target: str) -> str:
    """The evaluation for a target: regression for fractions, and for whole numbers of many values."""
    import polars as pl

    table = _table(data)
    column = None if table is None else table.select(pl.col(target)).unique().collect(engine="streaming")[target]
    if column is None or not column.dtype.is_numeric():
        return "classification"
    return "regression" if column.dtype.is_float() or len(column) > MOST_CLASSES else "classification"


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)


def _report(folder: Path, name: str, written: list[str], taken: list[str]) -> None:
    from headway.session import Session

    print("\n".join(f"wrote {_here(folder)}{path}" for path in written))  # noqa: T201
    if taken:
        print(f"kept {', '.join(taken)}")  # noqa: T201
    Session.open(folder).experiments([f"experiment={name}"])
    change = f"cd {_here(folder).rstrip('/')} && " if folder != Path.cwd() else ""
    print(f"\nnext: {change}headway run experiment={name}")  # noqa: T201


def _here(folder: Path) -> str:
    here = Path.cwd()
    if folder == here:
        return ""
    return f"{folder.relative_to(here) if folder.is_relative_to(here) else folder}/"
