"""Where a search says what its parameters are: the command line, the config, and what stages ship."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headway.errors import HeadwayError, Place
from headway.naming import unknown
from headway.sweeping import Node, Word, read_text, read_word, within

from headway_optuna.space.grammar import is_sweep

Placing = Callable[[tuple[str | int, ...]], Place | None]
"""Path within the node ``sweep`` → where it was written."""
LINE = "command line"
DEFAULT = "default"
COMMAS = "within braces a comma ends a text, unless it is in quotes: {model: 'mlp, resnet'}"
Leaf = tuple[str, tuple[str, ...], Any]
"""A dotted key, its path, its value."""


@dataclass(frozen=True)
class Source:
    """One text in the sweep grammar.

    Attributes:
        key: The parameter.
        text: The text as it was written; for the command line the whole word.
        node: What it says; None if it cannot be read, which is a fault already.
        where: Where it was written.
        origin: The same in words.
        adds: Whether the command line says ``+``.
        notes: What should be known of it.
    """

    key: str
    text: str
    node: Node | None
    where: Place | None
    origin: str
    adds: bool = False
    notes: tuple[str, ...] = ()

    def place(self, start: int, end: int) -> Place | None:
        """Where a part of the text was written."""
        return within(self.where, self.text, start, end - start) if self.where else None


@dataclass
class Sources:
    """All texts, by parameter, in the order of definition, and what is wrong with them."""

    found: dict[str, Source] = field(default_factory=dict)
    faults: list[HeadwayError] = field(default_factory=list)

    def tell(self, what: str, hint: str | None, where: Place | None, code: str = "space") -> None:
        """Notes a fault."""
        self.faults.append(HeadwayError(what, where=where, hint=hint, code=code))


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
    elif _is_reserved(word.key):
        what, hint = f"{word.key} says how to search, and cannot be searched itself", f"write one value: {key}=VALUE"
    elif word.prefix == "++" and is_group:
        what, hint = f"{word.key} is a config group, which cannot be forced", f"write {word.key}={value}"
    else:
        return None
    return HeadwayError(what, where=where, hint=hint, code="space")


def _is_reserved(key: str) -> bool:
    return key.partition(".")[0] == "sweep"


def from_config(space: Any, place: Placing, stages: Mapping[str, type], swept: Sequence[str], sources: Sources) -> None:
    """Takes what ``sweep.space`` says: texts under nested or dotted keys, ``default``, and null to take one away.

    Args:
        space: The value of the key.
        place: Where its parts were written.
        stages: Stage to its class.
        swept: The config groups that the command line sweeps, which have no space of their own.
        sources: Where to put them.
    """
    if space == DEFAULT:
        _every_default(place(("space",)), stages, swept, sources)
        return
    leaves = _uncut(flat(space), place, sources)
    names = {key for key, _, value in leaves if value == DEFAULT}
    choosing = [*swept, *(key for key, _, value in leaves if key not in names and isinstance(value, str))]
    shipped: dict[str, Source] = {}
    for key, path, value in leaves:
        if value == DEFAULT:
            for source in _default(key, place(("space", *path)), stages, choosing, sources):
                shipped[source.key] = source
    written: dict[str, Source] = {}
    removed = set()
    for key, path, value in leaves:
        where = place(("space", *path))
        if value is None:
            removed.add(key)
            known = [*shipped, *(other for other, _, item in leaves if item not in (None, DEFAULT))]
            if key not in known:
                what = f"{key} is null, but there is no such parameter to take away"
                sources.tell(what, f"{unknown('parameter', key, known)}; {COMMAS}", where)
        elif value != DEFAULT:
            _write(key, value, where, written, sources)
    for key, source in {**shipped, **written}.items():
        if key not in removed:
            replaced = shipped.get(key) if key in written else None
            origin = f"{source.origin}, replaces {replaced.origin}" if replaced else source.origin
            sources.found[key] = replace(source, origin=origin)


def _uncut(leaves: Iterator[Leaf], place: Placing, sources: Sources) -> list[Leaf]:
    """The values; those that a comma within YAML's braces has cut into a text and keys without value are told."""
    found: list[Leaf] = []
    for key, path, value in leaves:
        before = found[-1] if found else None
        if value is not None or before is None or _is_key(path[-1]) or not isinstance(before[2], str | _Cut):
            found.append((key, path, value))
        elif not isinstance(before[2], _Cut):
            what = f"{before[0]} is cut at the comma: {before[2]}"
            sources.tell(what, COMMAS, place(("space", *before[1])), "comma")
            found[-1] = (before[0], before[1], _Cut())
    return found


class _Cut:
    """A text that was told already."""


def _write(key: str, value: Any, where: Place | None, written: dict[str, Source], sources: Sources) -> None:
    if key in written:
        sources.tell(f"{key} is twice in the space", f"it is also at {written[key].where}", where)
    elif _is_reserved(key) or not _is_key(key):
        hint = "a parameter is a key such as model.dropout, or a config group"
        sources.tell(f"{key} cannot be searched", hint, where)
    elif isinstance(value, str):
        written[key] = _read(key, value, where, str(where or "config"), sources)
    elif isinstance(value, _Cut):
        written[key] = Source(key, "", None, where, "")
    else:
        sources.tell(f"{key} is {_named(value)}, which leaves nothing to search", _advice(value), where)
        written[key] = Source(key, "", None, where, str(where or "config"))


def _named(value: Any) -> str:
    return "a list" if isinstance(value, list | tuple) else "nothing" if value == {} else f"one value, {value}"


def _advice(value: Any) -> str:
    if isinstance(value, list | tuple):
        items = ", ".join(map(str, value))
        return f"write a text: choice({items}) searches the items, choice([{items}], […]) whole lists"
    return f"write a text, such as choice({value}, …) or interval(low, high)" if value != {} else "leave it out"


def _read(key: str, text: str, where: Place | None, origin: str, sources: Sources) -> Source:
    try:
        node: Node | None = read_text(text)
    except HeadwayError as error:
        node = None
        column, width = (error.where.column or 1, error.where.width) if error.where else (1, 1)
        place = within(where, text, column - 1, width) if where else None
        sources.tell(f"{key}: {error.what}", error.hint, place, error.code)
    return Source(key, text, node, where, origin)


def _is_key(key: str) -> bool:
    try:
        word = read_word(f"{key}=1")
    except HeadwayError:
        return False
    return word.key == key


def _every_default(where: Place | None, stages: Mapping[str, type], swept: Sequence[str], sources: Sources) -> None:
    shipping = [name for name, stage in stages.items() if getattr(stage, "space", None)]
    if not shipping:
        hint = "write the keys that are searched: model.learning_rate: tag(log, interval(1e-4, 1e-2))"
        sources.tell("none of the stages ships a space", hint, where)
    for name in shipping:
        for source in _default(name, where, stages, swept, sources):
            sources.found[source.key] = source


def _default(
    name: str, where: Place | None, stages: Mapping[str, type], swept: Sequence[str], sources: Sources
) -> Iterator[Source]:
    """What a stage ships."""
    stage = stages.get(name)
    space = getattr(stage, "space", None)
    choosing = next((key for key in swept if key in (name, "experiment") or key.endswith(f"@{name}")), None)
    if choosing is not None:
        what = f"{name} has no space of its own while '{choosing}' is searched: each option ships another"
        sources.tell(what, f"write the keys: {name}.FIELD: …, each with its condition under when", where)
    elif stage is None:
        sources.tell(unknown("stage", name, stages), "default is the space that a stage ships", where)
    elif not space:
        hint = f"write the keys that are searched: {name}.FIELD: interval(low, high)"
        sources.tell(f"{name} ships no space", hint, where)
    else:
        for field_name, text in space.items():
            origin = f"default of {name}" + (f", {where}" if where else "")
            yield _read(f"{name}.{field_name}", text, where, origin, sources)


def flat(value: Any, path: tuple[str, ...] = (), *, stop: Container[str] = ()) -> Iterator[Leaf]:
    """Every value of nested mappings: its dotted key, its path, and itself; nested and dotted keys mean the same.

    Args:
        value: The mappings.
        path: Where they lie.
        stop: Keys whose values are mappings themselves.
    """
    if isinstance(value, Mapping) and (value or not path) and ".".join(path) not in stop:
        for key, item in value.items():
            yield from flat(item, (*path, str(key)), stop=stop)
    else:
        yield ".".join(path), path, value
