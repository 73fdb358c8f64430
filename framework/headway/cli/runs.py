"""`headway runs list|show|diff|note|tag|untag`: what was run, and what came of it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headway.cli.words import action_of
from headway.errors import UsageError

if TYPE_CHECKING:
    from headway.session import Session

help = "list, show, compare, note and tag runs"

LISTING = ("name", "group", "status", "tag", "since", "where", "sort", "metric", "limit")
ACTIONS = {
    "list": (*LISTING, "format"),
    "show": ("format",),
    "diff": ("format", "all"),
    "note": (),
    "tag": (),
    "untag": (),
}
EXAMPLES = {
    "show": "headway runs show latest",
    "diff": "headway runs diff 20261123-1755 latest",
    "note": "headway runs note latest 'with the new rows'",
    "tag": "headway runs tag latest paper",
    "untag": "headway runs untag latest paper",
}
TAG = re.compile(r"\w[\w.:/+-]*")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("action", help="list, show, diff, note, tag or untag")
    parser.add_argument("words", nargs="*", metavar="RUN", help="an id, the beginning of one, latest or NAME@latest")
    parser.add_argument("--format", choices=["table", "json", "csv"], help="how it is printed (table)")
    parser.add_argument("--all", action="store_true", default=None, help="diff: also what is the same")
    lists = parser.add_argument_group("list")
    lists.add_argument("--name", help="only runs of this experiment")
    lists.add_argument("--group", help="only the trials of this study, or the runs of the grid of this group")
    lists.add_argument(
        "--status", action="append", help="only running, done, failed, interrupted, pruned or skipped ones"
    )
    lists.add_argument("--tag", action="append", help="only runs with this tag")
    lists.add_argument("--since", metavar="WHEN", help="only runs of the last 2d, 12h …, or since 2026-11-01 (UTC)")
    lists.add_argument(
        "--where", action="append", metavar="FIELD>=VALUE",
        help="only runs whose final metric (evaluation.test.auroc>=0.9) or config value (model.dropout=0.2) is so",
    )  # fmt: skip
    lists.add_argument("--metric", action="append", metavar="NAME", help="a column for a metric or a config value")
    lists.add_argument(
        "--sort", metavar="FIELD",
        help="by created, seconds, name, status, a metric or a config value; --sort=-FIELD puts the greatest first"
        " (-created)",
    )  # fmt: skip
    lists.add_argument("-n", "--limit", type=int, help="the most to list (20); 0 for all")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Does what is asked for."""
    action = action_of(arguments, ACTIONS)
    words = arguments.words
    if action == "list":
        _refuse(words, "list takes options only", "--name adult lists the runs of one experiment")
        lines = _list(arguments, session)
    elif action == "diff":
        lines = _diff(arguments, session)
    elif action == "show":
        lines = _show(arguments, session)
    else:
        lines = _mark(action, words, session)
    print("\n".join(lines))  # noqa: T201
    return 0


def _list(arguments: argparse.Namespace, session: Session) -> Sequence[str]:
    from headway.cli.runs_list import listing

    return listing(arguments, session.records)


def _show(arguments: argparse.Namespace, session: Session) -> Sequence[str]:
    from headway.cli.runs_show import shown

    words = arguments.words
    if len(words) != 1:
        raise _usage("show", "which run?" if not words else "one run at a time")
    return shown(session.records.show(session.records.resolve(words[0])), session.artifacts, arguments.format)


def _diff(arguments: argparse.Namespace, session: Session) -> Sequence[str]:
    from headway.cli.runs_diff import compared

    ids = [session.records.resolve(word) for word in arguments.words]
    if len(set(ids)) < 2 or len(set(ids)) < len(ids):
        raise _usage("diff", "at least two different runs are compared")
    runs = [session.records.show(run) for run in ids]
    return compared(runs, session.artifacts, arguments.format, whole=bool(arguments.all))


def _mark(action: str, words: Sequence[str], session: Session) -> Sequence[str]:
    if len(words) < 2:
        raise _usage(action, "which run?" if not words else f"{'what text' if action == 'note' else 'which tag'}?")
    records = session.records
    run, *rest = records.resolve(words[0]), *words[1:]
    if action == "note":
        records.note(run, " ".join(rest))
        return [f"{run}  {' '.join(rest)}"]
    _check_tags(action, rest, records.show(run).tags)
    (records.tag if action == "tag" else records.untag)(run, *rest)
    return [f"{run}  {' '.join(records.show(run).tags) or 'no tags'}"]


def _check_tags(action: str, tags: Sequence[str], known: Sequence[str]) -> None:
    from headway.naming import unknown

    for tag in tags:
        if action == "tag" and not TAG.fullmatch(tag):
            raise UsageError(f"{tag!r} is no tag", hint="letters, digits and . : / + - _", code="usage")
        if action == "untag" and tag not in known:
            raise UsageError(unknown("tag", tag, known), code="unknown-tag")


def _refuse(words: Sequence[str], what: str, hint: str) -> None:
    if words:
        raise UsageError(f"{what}, not {' '.join(words)}", hint=hint, code="usage")


def _usage(action: str, what: str) -> UsageError:
    return UsageError(what, hint=EXAMPLES[action], code="usage")
