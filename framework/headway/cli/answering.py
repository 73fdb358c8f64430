"""What can stand at the cursor of a command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

TOP = ("name=", "seed=", "pipeline=", "baselines=", "trackers.")
COMPOSING = ("run", "plan", "check", "config", "explain", "sweep", "compare")
"""Commands that take ``key=value`` words."""
ACTIONS = {
    "runs": ("list", "show", "diff", "note", "tag", "untag"),
    "store": ("size", "verify", "gc"),
    "plugins": ("list", "doctor"),
    "completion": ("bash", "zsh", "fish"),
}
STAGES = ("--to", "--from", "--force")
PIPELINE = ("data", "features", "model", "export", "evaluation", "deployment")


def answers(words: list[str], known: dict[str, Any], runs: Iterable[str], trials: Iterable[str] = ()) -> Iterator[str]:
    """The words that fit; those that end a word end with a space.

    Args:
        words: The words after ``headway``, the last being the one to complete, perhaps empty.
        known: The index.
        runs: References of runs, asked for only if they can stand here.
        trials: The same of trials.
    """
    *before, word = words
    while before[:1] == ["--project"]:
        before = before[2:]
    if not before:
        candidates: Iterable[str] = (f"{name} " for name in known["commands"])
    elif word.startswith("-"):
        candidates = (f"{flag} " for flag in known["flags"].get(before[0], ()))
    elif before[-1] in STAGES:
        candidates = (f"{stage} " for stage in _pipeline(before, known))
    elif before[-1] == "--trial":
        candidates = trials
    elif before[0] == "runs" and before[-1] == "--status":
        candidates = _statuses()
    elif before[0] in COMPOSING:
        candidates = _overrides(before, word, known)
    elif before[0] in ACTIONS and len(before) == 1:
        candidates = (f"{action} " for action in ACTIONS[before[0]])
    elif before[0] in ("runs", "predict"):
        candidates = [*(f"{run} " for run in runs), *(_files(word) if before[0] == "predict" else ())]
    else:
        candidates = ()
    yield from sorted({candidate for candidate in candidates if candidate.startswith(word)})


def _overrides(words: list[str], word: str, known: dict[str, Any]) -> Iterator[str]:
    sign = word[: len(word) - len(word.lstrip("+~"))]
    key, equals, value = word[len(sign) :].partition("=")
    if not equals:
        yield from (sign + candidate for candidate in _keys(words, key, known))
    elif key.partition("@")[0] in known["groups"]:
        head, comma, _ = value.rpartition(",")
        yield from (f"{sign}{key}={head}{comma}{option} " for option in known["groups"][key.partition("@")[0]])
    else:
        fields = _fields(words, key.partition(".")[0], known)
        yield from (f"{sign}{key}={item} " for item in fields.get(key.partition(".")[2], ()))


def _keys(words: list[str], key: str, known: dict[str, Any]) -> Iterator[str]:
    """Groups and keys up to the next dot."""
    node, dot, rest = key.partition(".")
    if not dot:
        yield from (f"{group}=" for group in known["groups"])
        yield from (f"{name}." for name in (*_nodes(words, known), *known["nodes"]))
        yield from TOP
        return
    head, inner, _ = rest.rpartition(".")
    for field in _fields(words, node, known):
        if field.startswith(rest):
            step, more, _ = field[len(head + inner) :].partition(".")
            yield f"{node}.{head}{inner}{step}{'.' if more else '='}"


def _choices(words: list[str], known: dict[str, Any]) -> dict[str, str]:
    """Group, or ``group@node``, to the option that the words choose, by themselves or through the experiment."""
    said = dict(word.lstrip("+").partition("=")[::2] for word in words if "=" in word)
    through: dict[str, str] = known["choices"].get(said.get("experiment", ""), {})
    return through | said


def _nodes(words: list[str], known: dict[str, Any]) -> set[str]:
    """The names of the stages."""
    kinds = {name.partition("/")[0] for name in known["fields"]} - {"trackers"}
    second = {key.partition("@")[2] for key in _choices(words, known) if key.partition("@")[0] in kinds}
    return kinds | (second - {""})


def _fields(words: list[str], node: str, known: dict[str, Any]) -> dict[str, list[str]]:
    """The fields of a node: of the stage that is chosen, or else of every stage of the kind."""
    if node in known["nodes"]:
        return dict(known["nodes"][node])
    if node == "trackers":
        every = [(name.partition("/"), fields) for name, fields in known["fields"].items()]
        return {f"{name[2]}.{f}": v for name, fields in every if name[0] == "trackers" for f, v in fields.items()}
    choices = _choices(words, known)
    kind = next((key.partition("@")[0] for key in choices if key.partition("@")[2] == node), node)
    option = choices.get(f"{kind}@{node}" if kind != node else kind, "")
    chosen = f"{kind}/{known['uses'].get(f'{kind}/{option}', option)}"
    if chosen in known["fields"]:
        return dict(known["fields"][chosen])
    return {f: v for name, fields in known["fields"].items() if name.startswith(f"{kind}/") for f, v in fields.items()}


def _pipeline(words: list[str], known: dict[str, Any]) -> Iterable[str]:
    return list(known["pipelines"].get(_choices(words, known).get("experiment", ""), PIPELINE))


def _statuses() -> Iterator[str]:
    from headway.store.runs import STATUSES

    return (f"{status} " for status in STATUSES)


def _files(word: str) -> Iterator[str]:
    folder, name = os.path.split(word)
    try:
        with os.scandir(folder or ".") as items:
            for item in items:
                if item.name.startswith(name) and (name.startswith(".") or not item.name.startswith(".")):
                    yield os.path.join(folder, item.name) + ("/" if item.is_dir() else " ")
    except OSError:
        return
