"""What the command line says: words that sweep, and words that set what the config would search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headway.errors import HeadwayError, Place
from headway.sweeping import Word, read_word

from headway_optuna.space.grammar import Misuse, is_sweep, plain
from headway_optuna.space.sources import Source, Sources, flat, is_reserved

LINE = "command line"


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words that ask for several values, and all others, such as those that are no words of the grammar."""
    sweeps = [word for word in words if _asks(word)]
    return sweeps, [word for word in words if not _asks(word)]


def _asks(word: str) -> bool:
    try:
        return not word.startswith("-") and is_sweep(read_word(word).value)
    except HeadwayError:
        return False


def from_words(words: Sequence[str], groups: Callable[[str], list[str]], sources: Sources) -> None:
    """Takes the words of the command line, in the place of what the config says of the same parameter."""
    seen: set[str] = set()
    for text in words:
        word = read_word(text)
        where = Place(LINE, None, 1, text, max(1, len(text.partition("=")[0])))
        if fault := _misplaced(word, text, where, bool(groups(word.key.partition("@")[0]))):
            sources.faults.append(fault)
        elif word.key in seen:
            sources.tell(f"{word.key} is swept twice on the command line", "leave one out", where)
        else:
            seen.add(word.key)
            _take(word, text, groups, sources)


def _take(word: Word, text: str, groups: Callable[[str], list[str]], sources: Sources) -> None:
    before = sources.found.get(word.key)
    origin = f"{LINE}, replaces {before.origin}" if before else LINE
    adds = bool(word.prefix) and bool(groups(word.key.partition("@")[0]))
    notes = (f"{word.prefix} makes no difference for a value",) if word.prefix and not adds else ()
    where = Place(LINE, None, 1, text, len(text))
    sources.found[word.key] = Source(word.key, text, word.value, where, origin, adds, notes)


def _misplaced(word: Word, text: str, where: Place, is_group: bool) -> HeadwayError | None:
    """What is wrong with the key of a word."""
    key, _, value = text.partition("=")
    if word.prefix == "~":
        what, hint = f"{key} takes a key away, and cannot be swept", f"write {word.key}={value}"
    elif word.key.startswith("sweep.space."):
        inner = word.key.removeprefix("sweep.space.")
        what, hint = f"{word.key} is the config's way to say it", f"write {inner}={value}"
    elif is_reserved(word.key):
        what, hint = f"{word.key} says how to search, and cannot be searched itself", f"write one value: {key}=VALUE"
    elif word.prefix == "++" and is_group:
        what, hint = f"{word.key} is a config group, which cannot be forced", f"write {word.key}={value}"
    else:
        return None
    return HeadwayError(what, where=where, hint=hint, code="space")


def settings(words: Sequence[str]) -> Mapping[str, tuple[str, Any]]:
    """Key to the last word that sets it, alone or in a mapping, and the value."""
    found: dict[str, tuple[str, Any]] = {}
    for text in words:
        try:
            word = read_word(text)
            if word.value is not None and word.prefix != "~":
                value = plain(word.value)
                found |= {key: (text, inner) for key, _, inner in flat(value, (word.key,))}
                found.setdefault(word.key, (text, value))  # a mapping adds to what was set before
        except (HeadwayError, Misuse):  # composing tells what is wrong with it
            continue
    return found
