"""The defaults list of one file: what is wrong with its entries, and the list without those faults.

Hydra stops at the first entry that it cannot read. Here each is told at its place, and mended or left out, so
that the rest of the config can be composed and checked in the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from headway.config.hydraisms import group_hint
from headway.config.origins import Key
from headway.naming import nearest

SELF = "_self_"
WORDS = ("override", "optional")
"""What may stand before a group."""
CODE = "defaults-list"


@dataclass(frozen=True)
class Entry:
    """One entry, as it was written.

    Attributes:
        at: Its path in the file.
        item: What Hydra reads: a config's path, or a group with its option or options.
    """

    at: Key
    item: str | dict[str, Any]

    @property
    def words(self) -> list[str]:
        """The words before the group, then the group with its package."""
        return (self.item if isinstance(self.item, str) else next(iter(self.item))).split(" ")

    @property
    def key(self) -> str:
        """The group, with its package if it has one."""
        return self.words[-1]

    @property
    def value(self) -> Any:
        """The option or options; for an entry without a group, its path."""
        return self.item if isinstance(self.item, str) else next(iter(self.item.values()))

    @property
    def is_override(self) -> bool:
        """Whether it replaces a choice made elsewhere."""
        return not isinstance(self.item, str) and "override" in self.words[:-1]

    def place_of(self, option: str) -> Key:
        """Where in the file it names one of its options."""
        listed = isinstance(self.value, list) and option in self.value
        return (*self.at, self.value.index(option)) if listed else self.at

    def overriding(self) -> Entry:
        """The same entry with ``override`` before it."""
        return Entry(self.at, {f"override {' '.join(self.words)}": self.value})

    def from_top(self) -> Entry:
        """The same entry; if it overrides a group from the top, the group's package starts there as well."""
        group, _, package = self.key.partition("@")
        if not self.is_override or not group.startswith("/") or "_global_" in package:
            return self
        key = f"{group}@_global_.{package or group[1:].replace('/', '.')}"
        return Entry(self.at, {" ".join([*self.words[:-1], key]): self.value})

    def targets(self, config: str) -> list[str]:
        """The configs that it leads to.

        Args:
            config: The path of the config it stands in, which relative groups start from.
        """
        folder = config.rpartition("/")[0]
        group = absolute(self.key.partition("@")[0], folder)
        if isinstance(self.item, str):
            return [group]
        return [f"{group}/{name}" for name in (self.value if isinstance(self.value, list) else [self.value])]


def absolute(path: str, folder: str) -> str:
    """A path of a defaults list, from the top of the config folders."""
    return path[1:] if path.startswith("/") else f"{folder}/{path}".lstrip("/")


@dataclass(frozen=True)
class Flaw:
    """What is wrong with an entry.

    Attributes:
        at: The entry's path in the file.
        what: What is wrong.
        hint: How to mend it.
        code: The error's reference.
        lost: Whether the entry was left out, so that something may be missing later.
        of_key: Whether the key is wrong, not the value.
    """

    at: Key
    what: str
    hint: str
    code: str = CODE
    lost: bool = False
    of_key: bool = True


Tell = Callable[[Flaw], None]


def read(raw: Any, tell: Tell, dropped: Collection[Key] = (), replacing: Collection[Key] = ()) -> list[Entry]:
    """The entries of a defaults list that can be followed, overrides last.

    Args:
        raw: What the file says under ``defaults``.
        tell: Takes what is wrong.
        dropped: The paths of entries to leave out, because others contradict them.
        replacing: The paths of entries to take as overrides, because they choose again.
    """
    entries = [entry for entry in _entries(raw, tell) if entry.at not in dropped]
    entries = [entry.overriding() if entry.at in replacing else entry for entry in entries]
    return _ordered(_one_self(entries, tell), tell, replacing)


def _entries(raw: Any, tell: Tell) -> Iterator[Entry]:
    top: Key = ("defaults",)
    if isinstance(raw, dict):
        tell(Flaw(top, "a defaults list is a list, not keys and values", "put a dash before each: `- /model: mlp`"))
        for key, value in raw.items():
            yield from _pair((*top, key), key, value, tell)
    elif isinstance(raw, list):
        for index, item in enumerate(raw):
            yield from _item((*top, index), item, tell)
    else:
        hint = f"write `defaults: [{raw if isinstance(raw, str) else 'NAME'}]`, or leave the key out"
        tell(Flaw(top, f"a defaults list is a list, not {_shown(raw)}", hint, lost=raw is not None))
        if isinstance(raw, str):
            yield from _item(top, raw, tell)


def _item(at: Key, item: Any, tell: Tell) -> Iterator[Entry]:
    if isinstance(item, str):
        yield from _path(at, item, tell)
    elif isinstance(item, dict) and item:
        if len(item) > 1:
            hint = "give each choice an item of its own, with a dash before it"
            tell(Flaw((*at, list(item)[1]), "an item of a defaults list makes one choice, not several", hint))
        for key, value in item.items():
            yield from _pair((*at, key), key, value, tell)
    else:
        hint = "an item is a NAME, or `GROUP: NAME`"
        tell(Flaw(at, f"{_shown(item)} is no item of a defaults list", hint, lost=True))


def _path(at: Key, text: str, tell: Tell) -> Iterator[Entry]:
    *words, last = text.split(" ")
    if hint := group_hint(last):
        tell(Flaw(at, f"'{text}' belongs to Hydra's own launcher, which is not part of Headway", hint, "hydra"))
    elif words or not text or "=" in text:
        group, _, option = last.partition("=")
        example = f"`- {' '.join([*words, group or '/model'])}: {option or 'NAME'}`"
        tell(Flaw(at, f"'{text}' names a group but no option", f"write {example}", lost=True))
    else:
        yield Entry(at, text)


def _pair(at: Key, key: Any, value: Any, tell: Tell) -> Iterator[Entry]:
    *words, group = str(key).split(" ")
    strange = [word for word in words if word not in WORDS]
    if hint := group_hint(group):
        what = f"'{group}' belongs to Hydra's own launcher, which is not part of Headway"
        tell(Flaw(at, what, hint, "hydra"))
    elif not isinstance(key, str) or not group or (strange and not all(nearest(word, WORDS) for word in strange)):
        hint = "write `GROUP: NAME` or `override GROUP: NAME`"
        tell(Flaw(at, f"'{key}' is no group of a defaults list", hint, lost=True))
    elif not _is_choice(value):
        hint = f"write `{group}: NAME`; a number or a yes as a name is written in quotes"
        tell(Flaw(at, f"{_shown(value)} names no option of '{group}'", hint, lost=True, of_key=False))
    else:
        for word in strange:
            hint = f"did you mean '{nearest(word, WORDS)}'? there are: {', '.join(WORDS)}"
            tell(Flaw(at, f"'{word}' is no word of a defaults list", hint))
        words = [nearest(word, WORDS) or word for word in words]
        yield Entry(at, {" ".join([*words, group]): value})


def _is_choice(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return value is None or all(isinstance(name, str) and name for name in names)


def _one_self(entries: Sequence[Entry], tell: Tell) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries:
        if entry.item == SELF and any(other.item == SELF for other in found):
            tell(Flaw(entry.at, f"{SELF} is there twice", "it marks where this file's own values are laid: once"))
        else:
            found.append(entry)
    return found


def _ordered(entries: Sequence[Entry], tell: Tell, replacing: Collection[Key]) -> list[Entry]:
    """Overrides at the end, as Hydra wants them."""
    first = next((i for i, e in enumerate(entries) if e.is_override and e.at not in replacing), len(entries))
    for entry in entries[first:]:
        if not entry.is_override and entry.item != SELF:
            hint = "move it up, before the first `override`"
            tell(Flaw(entry.at, f"'{entry.key}' stands after an override; these are at the end", hint))
    return sorted(entries, key=lambda entry: entry.is_override)


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)
