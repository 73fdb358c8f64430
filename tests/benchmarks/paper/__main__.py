"""`python -m tests.benchmarks.paper [DATASET ...]`: published figures, measured again, side by side with the papers'.

    HEADWAY_DATA=FOLDER python -m tests.benchmarks.paper california --models mlp resnet --seeds 5
    HEADWAY_DATA=FOLDER python -m tests.benchmarks.paper --show          # what the store holds already

FOLDER holds ``adult``, ``california_housing`` and ``covertype``, each with a ``data.parquet``; the first two have a
column ``paper_split`` of train, val and test. What is cached is not computed again. Exit code 1 if something failed.
"""

import argparse
import sys
from pathlib import Path

from headway.errors import HeadwayError
from headway.session import Session

from tests.benchmarks.paper import measured, table
from tests.benchmarks.paper.cell import CONFIGS, DATASETS, NETWORKS, TREES, Cell, cells
from tests.benchmarks.paper.published import published

WRITERS = {".md": table.markdown, ".csv": table.comma_separated}


def main(words: list[str]) -> int:
    """Runs what is asked for, a cell after the other, and prints the table of all."""
    asked = arguments().parse_args(words)
    session = Session.open(Path(__file__).parents[3])
    chosen = cells(asked.datasets or list(DATASETS), asked.models, asked.configs, asked.set)
    fine = [asked.show or attempt(session, cell, asked.seeds) for cell in chosen]
    rows = [line(session, cell, asked.seeds) for cell in chosen]
    print(table.text(rows))
    for path in asked.write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(WRITERS[path.suffix](rows), encoding="utf-8")
    return 0 if all(fine) else 1


def attempt(session: Session, cell: Cell, seeds: int) -> bool:
    """Runs a cell and prints its line; a fault of its config or of the machine does not end the others."""
    try:
        fine = measured.run(session, cell, seeds)
    except HeadwayError as error:
        print(error.render(), file=sys.stderr)
        return False
    print("  ".join(line(session, cell, seeds)), flush=True)
    return fine


def line(session: Session, cell: Cell, seeds: int) -> table.Row:
    """What is known of a cell: nothing, if its data are not there."""
    try:
        found = measured.known(session, cell, seeds)
    except HeadwayError:
        found = measured.Measured()
    return table.row(cell, found, published(cell.dataset, cell.model, cell.config))


def arguments() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.paper", description=__doc__.partition("\n")[0])
    parser.add_argument("datasets", nargs="*", metavar="DATASET", help=f"all by default: {', '.join(DATASETS)}")
    parser.add_argument("--models", nargs="+", choices=[*TREES, *NETWORKS], default=[*TREES, *NETWORKS])
    parser.add_argument("--configs", nargs="+", choices=CONFIGS, default=list(CONFIGS))
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 to N-1")
    parser.add_argument("--set", nargs="+", default=[], metavar="OVERRIDE", help="model.patience=8, say")
    parser.add_argument("--show", action="store_true", help="train nothing")
    parser.add_argument("--write", type=Path, action="append", default=[], metavar="FILE", help="a table, .md or .csv")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
