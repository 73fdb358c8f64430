"""`headway store size|verify|gc`: what the store holds, whether it is sound, and what it no longer needs."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from headway.cli.tables import table
from headway.cli.words import action_of, bytes_of, seconds_of
from headway.errors import StoreError, UsageError

if TYPE_CHECKING:
    from headway.session import Session
    from headway.store import Item, Store

help = "measure, verify and clean the store"

ACTIONS = {"size": ("format",), "verify": ("repair",), "gc": ("keep", "younger_than", "dry_run")}
KEEP, YOUNG = 5, "1d"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("action", help="size: bytes by type; verify: read every byte; gc: remove what is not needed")
    parser.add_argument("--format", choices=["table", "json"], help="size: how it is printed (table)")
    parser.add_argument("--repair", action="store_true", default=None, help="verify: remove what is damaged")
    parser.add_argument("--keep", type=int, metavar="N", help=f"gc: newest runs of each name that are kept ({KEEP})")
    parser.add_argument(
        "--younger-than", metavar="AGE", help=f"gc: all that is younger is kept, such as 12h or 2w ({YOUNG})"
    )
    parser.add_argument("--dry-run", action="store_true", default=None, help="gc: say what would go, remove nothing")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Measures, verifies or cleans."""
    action = action_of(arguments, ACTIONS)
    seconds_of(arguments.younger_than or YOUNG)  # a mistake is told before anything is read
    if arguments.keep is not None and arguments.keep < 0:  # meant as all of them, or as none?
        hint = "0 keeps none of a name but the young, tagged and running ones; a large number keeps all"
        raise UsageError(f"--keep {arguments.keep} is no number of runs", hint=hint, code="usage")
    return {"size": _size, "verify": _verify, "gc": _gc}[action](arguments, session.opened)


def _size(arguments: argparse.Namespace, store: Store) -> int:
    items = list(store.artifacts.contents())
    rows = [
        (f"{item.kind} {item.type or 'damaged'}" if item.kind == "artifact" else item.kind, item.size)
        for item in items
        if item.kind not in ("link", "lock")
    ] + [("study", study.size) for study in store.studies]
    counts, sizes = Counter(name for name, _ in rows), Counter[str]()
    for name, size in rows:
        sizes[name] += size
    freed = _would_free(arguments, store)
    if arguments.format == "json":
        parts = {name: {"count": counts[name], "bytes": sizes[name]} for name in counts}
        _say(json.dumps({"parts": parts, "bytes": sizes.total(), "gc_frees": freed}, indent=2))
        return 0
    lines = [[name, str(counts[name]), bytes_of(sizes[name])] for name, _ in sizes.most_common()]
    _say(*table(["", "count", "size"], [*lines, ["total", str(counts.total()), bytes_of(sizes.total())]]))
    if freed is not None:
        _say("", f"headway store gc would free {bytes_of(freed)}")
    return 0


def _would_free(arguments: argparse.Namespace, store: Store) -> int | None:
    """The bytes that would be removed; None if the records cannot tell."""
    try:
        return _bytes(_garbage(arguments, store))
    except StoreError:
        return None


def _garbage(arguments: argparse.Namespace, store: Store) -> Sequence[Item]:
    from headway.store.collect import Rule, garbage

    keep = KEEP if arguments.keep is None else arguments.keep
    return garbage(store, Rule(keep, seconds_of(arguments.younger_than or YOUNG)))


def _gc(arguments: argparse.Namespace, store: Store) -> int:
    if not store.root.is_dir():
        _say("there is no store yet")
    elif arguments.dry_run:
        items = _garbage(arguments, store)
        _say(*map(_line, _told(items)), f"{_count(items)} would be removed; nothing was")
    else:
        _remove(arguments, store)
    return 0


def _remove(arguments: argparse.Namespace, store: Store) -> None:
    from headway.store.collect import remove

    with store.alone():
        items = _garbage(arguments, store)
        for item in _told(remove(store, items)):
            _say(_line(item))
    _say(f"{_count(items)} removed")


def _told(items: Iterable[Item]) -> Iterable[Item]:
    """What people want to know of; links and locks go with what they belong to."""
    return (item for item in items if item.kind not in ("link", "lock"))


def _line(item: Item) -> str:
    return f"{item.kind:<9} {item.name[:12]:<13} {item.type:<12} {bytes_of(item.size):>8}".rstrip()


def _count(items: Sequence[Item]) -> str:
    artifacts = sum(item.kind == "artifact" for item in items)
    return f"{artifacts} artifact{'s' if artifacts != 1 else ''}, {bytes_of(_bytes(items))}"


def _bytes(items: Iterable[Item]) -> int:
    return sum(item.size for item in _told(items))


def _verify(arguments: argparse.Namespace, store: Store) -> int:
    from headway.store.verify import faults, record_faults, repair, study_faults

    if arguments.repair and store.root.is_dir():
        with store.alone():
            found = list(faults(store))
            repair(store, found)
    else:
        found = list(faults(store))
    noted = [f"records: {text}" for text in record_faults(store)] + [f"study {text}" for text in study_faults(store)]
    for fault in found:
        _say(fault.what, *([f"  used by {', '.join(fault.runs)}"] if fault.runs else []))
    _say(*noted)
    if not found and not noted:
        _say("everything is as it was saved")
    elif arguments.repair and found:
        _say(f"{len(found)} removed; the next run computes what it needs again")
    elif found:
        print("  help: headway store verify --repair removes what is damaged", file=sys.stderr)  # noqa: T201
    return 1 if noted or (found and not arguments.repair) else 0


def _say(*lines: str) -> None:
    if lines:
        print("\n".join(lines), flush=True)  # noqa: T201
