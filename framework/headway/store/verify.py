"""Whether everything in a store is as it was saved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headway.errors import StoreError
from headway.store.artifacts import Item
from headway.store.store import Store


@dataclass(frozen=True)
class Fault:
    """Something in a store that is not what was saved.

    Attributes:
        item: What it is.
        what: What is wrong with it.
        runs: The ids of the runs that made or used it, oldest first.
    """

    item: Item
    what: str
    runs: tuple[str, ...] = ()


def faults(store: Store) -> Iterator[Fault]:
    """Reads every byte of a store, and gives what is damaged or half there; nothing is changed."""
    for item in store.artifacts.contents():
        if item.kind == "artifact":
            yield from _artifact(store, item)
        elif item.kind == "entry" and item.digest is None:
            yield Fault(item, f"entry {item.name[:12]} cannot be understood")


def _artifact(store: Store, item: Item) -> Iterator[Fault]:
    try:
        store.artifacts.verify(item.name)
    except StoreError as error:
        if error.code not in ("damaged", "digest"):
            raise
        yield Fault(item, error.what, _users(store, item.name))


def _users(store: Store, digest: str) -> tuple[str, ...]:
    try:
        return tuple(store.records.users(digest))
    except StoreError:  # told apart, by `record_faults`
        return ()


def record_faults(store: Store) -> list[str]:
    """One sentence for each thing that is wrong with the records."""
    try:
        return list(store.records.check())
    except StoreError as error:
        return [error.what]


def study_faults(store: Store) -> list[str]:
    """One sentence for each thing that is wrong with the studies."""
    try:
        return [f"{study.name}: {sentence}" for study in store.studies for sentence in study.faults()]
    except StoreError as error:
        return [error.what]


def repair(store: Store, found: list[Fault]) -> None:
    """Removes what is damaged with what leads to it, so that the next run computes it again.

    The caller holds the store alone.
    """
    damaged = {fault.item.name for fault in found if fault.item.kind == "artifact"}
    for item in list(store.artifacts.contents()):
        if item.kind in ("entry", "link") and item.digest in damaged:
            store.artifacts.remove(item)
    for fault in found:
        store.artifacts.remove(fault.item)
