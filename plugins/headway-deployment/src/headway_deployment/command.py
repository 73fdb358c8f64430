"""`headway predict`: scores the rows of a file with a package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from headway.plugins import Plugins


NO_HISTORY = (
    "no history was given: what sums up earlier rows saw only those of the input. "
    "Add --table history=FILE with the rows before them, unless there are none"
)


class Session(Protocol):
    """What the command needs of the command line's session."""

    @property
    def plugins(self) -> Plugins:
        """What is installed."""

    def resolve(self, reference: str) -> Path:
        """The folder of the package that a run or a path means."""


class Predict:
    """The command ``predict``."""

    name: ClassVar[str] = "predict"
    help: ClassVar[str] = "score the rows of a CSV, parquet or JSONL file with a package"

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declares the arguments."""
        parser.add_argument("package", metavar="RUN|FOLDER", help="a run (its id, latest, NAME@latest) or a package")
        parser.add_argument("input", type=Path, metavar="INPUT", help=".csv, .tsv, .jsonl (each also .gz) or .parquet")
        parser.add_argument("output", type=Path, metavar="OUTPUT", help=".csv, .jsonl or .parquet")
        parser.add_argument(
            "--table", metavar="NAME=FILE", action="append", default=[],
            help="a table that the data joined, or earlier rows as history=FILE; may be given several times",
        )  # fmt: skip
        parser.add_argument("--keep", metavar="COLUMNS", default="", help="input columns to carry over: a,b,c")
        parser.add_argument("--keep-all", action="store_true", help="carry all input columns over")

    @staticmethod
    def run(arguments: argparse.Namespace, session: Session) -> int:
        """Scores the file; the output appears when it is complete, in the order of the input."""
        from headway_deployment.package import Package
        from headway_deployment.prediction import predict
        from headway_deployment.tables import parse_tables

        registry = session.plugins.registry
        package = Package.load(session.resolve(arguments.package), registry)
        package.require_runtimes(registry)
        named = tuple(name.strip() for name in arguments.keep.split(",") if name.strip())
        keep = None if arguments.keep_all else named
        tables = parse_tables(arguments.table)
        done = predict(package.predictor, registry, arguments.input, arguments.output, keep, tables)
        speed = f"{done.rows / done.seconds:,.0f} rows/s" if done.seconds else "at once"
        sys.stdout.write(f"scored {done.rows:,} rows in {done.seconds:.2f} s ({speed})\n{arguments.output}\n")
        if package.predictor.replayed.over_rows and "history" not in tables:
            sys.stderr.write(f"note: {NO_HISTORY}\n")
        return 0
