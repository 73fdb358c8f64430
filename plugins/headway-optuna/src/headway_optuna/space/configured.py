"""What the config says: texts under nested or dotted keys, and the spaces that stages ship."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from headway.errors import HeadwayError, Place
from headway.naming import unknown
from headway.sweeping import Node, read_text, read_word, within

from headway_optuna.space.sources import Leaf, Placing, Source, Sources, flat, is_reserved

DEFAULT = "default"
COMMAS = "within braces a comma ends a text, unless it is in quotes: {model: 'mlp, resnet'}"


def from_config(
    space: Any,
    place: Placing,
    stages: Mapping[str, type],
    told: tuple[Sequence[str], Sequence[str]],
    sources: Sources,
) -> None:
    """Takes what ``sweep.space`` says: texts under nested or dotted keys, ``default``, and null to take one away.

    Args:
        space: The value of the key.
        place: Where its parts were written.
        stages: Stage to its class.
        told: The config groups that the command line sweeps, so that their nodes have no space of their own, and the
            keys that it sets.
        sources: Where to put them.
    """
    swept, known = told
    if space == DEFAULT:
        _every_default(place(("space",)), stages, swept, sources)
        return
    leaves = _uncut(flat(space), place, sources)
    names = {key for key, _, value in leaves if value == DEFAULT}
    searched = (key for key, _, value in leaves if key not in {*names, *known} and isinstance(value, str))
    choosing = [*swept, *searched]
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
            there = [*shipped, *(other for other, _, item in leaves if item not in (None, DEFAULT))]
            if key not in there and not _may_be_searched(key, stages):
                what = f"{key} is null, but there is no such parameter to take away"
                sources.tell(what, f"{unknown('parameter', key, there)}; {COMMAS}", where)
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


def _may_be_searched(key: str, stages: Mapping[str, type]) -> bool:
    """Whether a key is a stage or a field of one: the null has then replaced what a file says of it."""
    name, _, rest = key.partition(".")
    fields = getattr(stages.get(name), "__dataclass_fields__", {})
    return name in stages and (not rest or rest.partition(".")[0] in fields)


class _Cut:
    """A text that was told already."""


def _write(key: str, value: Any, where: Place | None, written: dict[str, Source], sources: Sources) -> None:
    if key in written:
        sources.tell(f"{key} is twice in the space", f"it is also at {written[key].where}", where)
    elif is_reserved(key) or not _is_key(key):
        hint = "a parameter is a key such as model.dropout, or a config group"
        sources.tell(f"{key} cannot be searched", hint, where)
    elif isinstance(value, str):
        written[key] = _read(key, value, where, _origin(where), sources)
    elif isinstance(value, _Cut):
        written[key] = Source(key, "", None, where, "")
    else:
        sources.tell(f"{key} is {_named(value)}, which leaves nothing to search", _advice(value), where)
        written[key] = Source(key, "", None, where, _origin(where))


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
            origin = f"default of {name}" + (f", {_origin(where)}" if where else "")
            yield _read(f"{name}.{field_name}", text, where, origin, sources)


def _origin(where: Place | None) -> str:
    """A place in words; that of the command line, which has no lines, without its column."""
    if where is None:
        return "config"
    return where.source if where.line is None else str(where)
