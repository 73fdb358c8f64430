"""What a store no longer needs: found, and removed in an order in which a kill at any point leaves it valid."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from headway.errors import StoreError
from headway.store import trials
from headway.store.artifacts import Item
from headway.store.locks import is_held
from headway.store.runs import ALL, Run
from headway.store.store import Store

ORDER = ("link", "entry", "artifact", "work", "scratch", "lock")
"""What leads to something is removed before it."""


@dataclass(frozen=True)
class Rule:
    """What is kept.

    Attributes:
        keep: All that the newest so many runs of every experiment need.
        young: Seconds; everything younger is kept, and all that younger runs need.
    """

    keep: int = 5
    young: float = 86_400.0


@dataclass(frozen=True)
class Searched:
    """The runs of studies.

    Attributes:
        studies: The id of a trial's run to the name of its study.
        needed: The ids of those that are kept whatever their number.
    """

    studies: Mapping[str, str]
    needed: Set[str]


def garbage(store: Store, rule: Rule) -> Sequence[Item]:
    """What a store does not need, in the order in which it is safe to remove it.

    Kept is what the newest runs of every name, tagged runs, running ones and young ones made or used, every entry that
    leads to something kept, and what is young itself; also what seems to be from the future, for a clock was set.
    Trials have their own count, study by study; those of a study that is not finished are all kept, and its final run.

    Raises:
        StoreError: The records or a study cannot be read, or there are none: then nothing says what is needed.
    """
    now = time.time()
    items = list(store.artifacts.contents())
    runs = store.records.list(ALL)
    if rule.keep and not runs and any(item.kind == "artifact" for item in items):
        raise StoreError(
            "there are artifacts but no records of runs, so nothing says what is needed",
            hint="put the records back (headway.db), or remove all that is not young with --keep 0",
            code="no-records",
        )
    digests, keys = _needed(store, list(_kept(runs, rule, _searched(store), now)))
    young = {id(item) for item in items if now - item.modified < rule.young}
    digests |= {
        item.digest for item in items if item.digest and item.kind in ("artifact", "entry") and id(item) in young
    }
    found = [item for item in items if id(item) not in young and not _is_needed(item, digests, keys, store)]
    found += _dangling(items, found)
    return sorted(found, key=lambda item: ORDER.index(item.kind))


def _is_needed(item: Item, digests: set[str], keys: set[str], store: Store) -> bool:
    if item.kind in ("artifact", "entry"):
        return item.digest in digests
    if item.kind == "work":
        return item.name in keys or is_held(store.root, item.name)
    if item.kind == "lock":
        return is_held(store.root, item.name)
    return item.kind == "link"  # goes with its artifact


def _dangling(items: Sequence[Item], removed: Sequence[Item]) -> Iterator[Item]:
    left = {item.name for item in items if item.kind == "artifact"} - {i.name for i in removed if i.kind == "artifact"}
    return (item for item in items if item.kind == "link" and item.digest not in left)


def _needed(store: Store, runs: Sequence[Run]) -> tuple[set[str], set[str]]:
    """The digests and the keys of the runs that are kept."""
    digests: set[str] = set()
    keys: set[str] = set()
    for run in runs:
        for stage in store.records.show(run.id).stages:
            keys.add(stage.key)
            if stage.digest:
                digests.add(stage.digest)
    return digests, keys


def _kept(runs: Sequence[Run], rule: Rule, searched: Searched, now: float) -> Iterator[Run]:
    seen: Counter[tuple[str, str]] = Counter()
    for run in runs:
        trial = run.name, searched.studies.get(run.id, "")
        seen[trial] += 1
        needed = run.id in searched.needed or run.tags or run.status == "running"
        if seen[trial] <= rule.keep or needed or now - _time(run) < rule.young:
            yield run


def _searched(store: Store) -> Searched:
    studies: dict[str, str] = {}
    needed: set[str] = set()
    for study in store.studies:
        events = study.events()
        mine = trials.runs(events, "begin")
        studies |= dict.fromkeys(mine, study.name)
        needed |= trials.runs(events, "final") | (mine if not study.is_finished(events) else set())
    return Searched(studies, needed)


def _time(run: Run) -> float:
    from datetime import datetime

    return datetime.fromisoformat(run.created).timestamp()


def remove(store: Store, items: Sequence[Item]) -> Iterator[Item]:
    """Removes things one by one, and tells each; the caller holds the store alone."""
    for item in items:
        store.artifacts.remove(item)
        yield item
