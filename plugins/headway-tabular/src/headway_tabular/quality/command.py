"""`headway data profile`: what the table of an experiment, or a file, holds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from headway.contracts import ROW
from headway.errors import UsageError
from headway.fields import is_url
from headway.naming import unknown

if TYPE_CHECKING:
    from headway import Stage

    from headway_tabular.quality.profile import Profile
    from headway_tabular.table import Rows

ACTIONS = ("profile",)


class Session(Protocol):
    """What the command needs of the command line's session."""

    def experiments(self, overrides: Sequence[str]) -> list[Any]:
        """The checked experiments of overrides, each with its ``stages``."""

    def stage(self, config: Any) -> Stage:
        """A stage of an experiment with its source paths made absolute."""


class Data:
    """The command ``data``."""

    name: ClassVar[str] = "data"
    help: ClassVar[str] = "profile the table of an experiment, or a file: kinds, ranges, categories, warnings"

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declares the arguments."""
        parser.add_argument("action", help="profile: aggregates of every column; nothing is run or stored")
        parser.add_argument("words", nargs="+", metavar="FILE|OVERRIDE", help="a file of rows, or experiment=NAME …")
        parser.add_argument("--html", type=Path, metavar="FILE", help="write a self-contained page")
        parser.add_argument("--rules", type=Path, metavar="FILE", help="write kinds and rules as an editable config")
        parser.add_argument("--force", action="store_true", help="overwrite files that exist")

    @staticmethod
    def run(arguments: argparse.Namespace, session: Session) -> int:
        """Profiles the rows and prints a line a column."""
        if arguments.action not in ACTIONS:
            raise UsageError(unknown("action of data", arguments.action, ACTIONS), code="usage")
        for path in (arguments.html, arguments.rules):
            _check_target(path, force=arguments.force)  # a mistake is told before anything is read
        table, title, has_target = _table(arguments.words, session)
        found = _profiled(table, has_target=has_target)
        sys.stdout.write(_printed(found, title))
        if arguments.html is not None:
            from headway_tabular.quality.profile_page import page

            _write(arguments.html, page(found, title))
        if arguments.rules is not None:
            from headway_tabular.quality.profile_rules import fragment

            _write(arguments.rules, fragment(found, title, arguments.rules.stem))
        return 0


def _table(words: Sequence[str], session: Session) -> tuple[Rows, str, bool]:
    """The data stage to read with, what its rows are called, and whether its target is one."""
    from headway_tabular.table import Rows

    if "=" not in words[0]:
        if len(words) > 1:
            what = f"one file at a time, or overrides such as experiment=NAME; found {len(words)} words"
            raise UsageError(what, code="usage")
        return _bare(words[0]), PurePath(words[0]).name, False
    experiment = session.experiments(words)[0]
    config = next((stage for stage in experiment.stages if isinstance(stage.stage, Rows)), None)
    if config is None:
        what = f"experiment {experiment.name} has no stage that reads a table"
        raise UsageError(what, hint="choose one: data=table", code="no-table")
    stage = session.stage(config)
    return stage, f"{experiment.name}: {config.name}", True  # type: ignore[return-value]  # checked above


def _bare(text: str) -> Rows:
    """The stage that reads files as an experiment without further words about them would."""
    from headway_tabular.table import Table

    if not is_url(text) and not set("*?[").intersection(text) and not Path(text).exists():
        raise UsageError(f"there is no file {text}", hint="or name an experiment: experiment=NAME", code="no-file")
    table = Table(path=text if is_url(text) else str(Path(text).absolute()), target="")
    with TemporaryDirectory() as work:
        names = table.source(Path(work)).collect_schema().names()
    return replace(table, target=names[0])  # a stage must have a target; which one is of no matter here


def _profiled(table: Rows, *, has_target: bool) -> Profile:
    from headway_tabular.data.build import source_rows
    from headway_tabular.data.kinds import kinds_of
    from headway_tabular.quality.profile import profile

    with TemporaryDirectory() as work:
        frame = source_rows(table, Path(work)).frame
        frame = frame.drop(ROW)
        names = frame.collect_schema().names()
        given = {name: kind for name, kind in table.kinds.items() if name in names}
        roles = {table.target, table.time, table.group, table.weight} if has_target else set()
        kinds = kinds_of(frame, given, roles)
        return profile(frame, kinds, table.target if has_target else None)


def _printed(found: Profile, title: str) -> str:
    """The profile as a table of text."""
    from headway_tabular.quality.profile_page import lines

    rows = [["column", "kind", "missing", "different", "holds", "look at"]]
    rows += [[_one_line(cell) for cell in line] for line in lines(found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    text = []
    for row in rows:
        cells = zip(row, widths, (str.ljust, str.ljust, str.rjust, str.rjust, str.ljust, str.ljust), strict=True)
        text.append("  ".join(placed(cell, width) for cell, width, placed in cells).rstrip())
    sampled = f" (quantiles of a sample of {found.sample:,})" if found.is_sampled else ""
    return f"{title}: {found.rows:,} rows{sampled}\n\n" + "\n".join(text) + "\n"


def _one_line(text: str) -> str:
    """A text without line ends and other signs that a terminal would act on."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _check_target(path: Path | None, *, force: bool) -> None:
    if path is None:
        return
    if path.is_dir():
        raise UsageError(f"{path} is a folder", hint="name a file in it", code="output")
    if path.exists() and not force:
        raise UsageError(f"{path} exists", hint="it may have been edited; --force overwrites it", code="file-exists")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path} cannot be written", hint="name a file in an existing folder", code="output")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{path}\n")
