"""What the command line may not say, told with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from headway.config.hydraisms import flag_hint, key_hint
from headway.errors import HeadwayError, Place
from headway.naming import nearest

QUOTING = "write key=value, quoting what the shell or the grammar would read: 'key=[a,b]'"
KEY = r"[+~]*[A-Za-z_][\w./@-]*"
NAME = r"[\w*?.-]"
"""Characters of the selectors that are keys of a mapping, but for their colons."""


def joined(words: Sequence[str]) -> Iterator[str]:
    """The words, with ``key = value`` as the one word that was meant."""
    rest = list(words)
    while rest:
        if rest[1:2] == ["="]:
            yield " ".join(rest[:3])
            del rest[:3]
        else:
            yield rest.pop(0)


def flag(text: str, known: Iterable[str] = ()) -> HeadwayError:
    """A word with dashes, which is none of the command's own options, if they are `known`."""
    name = text.partition("=")[0]
    close = nearest(name, known)
    hint = f"did you mean {close}?" if close else flag_hint(text)
    return _fault(text, f"there is no option {name}", hint, "flag", key=True)


def hydraism(text: str) -> HeadwayError | None:
    """A word for Hydra's own launcher."""
    if text.startswith("-"):
        return flag(text)
    hint = key_hint(text.partition("=")[0])
    what = "Hydra composes the config, but its launcher is no part of Headway"
    return _fault(text, what, hint, "hydra", key=True) if hint else None


def bad_override(text: str, reason: str, is_readable: Callable[[str], bool]) -> HeadwayError:
    """An override that is no override.

    Args:
        text: The word.
        reason: What the grammar's parser says.
        is_readable: Whether another word would be read.
    """
    return _fault(text, f"{text} is no override: {plainly(reason)}", _mended(text, is_readable), "override")


def _mended(text: str, is_readable: Callable[[str], bool]) -> str:
    key, sign, value = text.partition("=")
    if not sign:
        found = re.fullmatch(rf"({KEY}):\s*(.+)", text)
        word = text.strip() or "key"
        group = f", or experiment={word}" if re.fullmatch(r"[\w-]+", text) else ""
        return f"write {found[1]}={found[2]}" if found else f"write {word}=VALUE{group}"
    if not key.strip():
        return "write key=value in one word, without spaces around the '='"
    if key != key.strip() and is_readable(f"{key.strip()}={value.strip()}"):
        return f"write {key.strip()}={value.strip()}, without spaces"
    if value.startswith("="):
        return f"write {key}={value.lstrip('=')}, with one '='"
    if hint := closed(text, is_readable):
        return hint
    if value.startswith(("{", "[")):  # in quotes it would be a text
        return _with_colons(key, value, is_readable) or QUOTING
    quoted = f'{key}="{value.replace(chr(34), "")}"'
    return f"put the value in quotes, and the word in the shell's: '{quoted}'" if is_readable(quoted) else QUOTING


def _with_colons(key: str, value: str, is_readable: Callable[[str], bool]) -> str | None:
    """Advice to escape colons within keys, such as ``kind:integer``, if that is all that is wrong."""
    bare = re.sub(rf"""(["'])({NAME}+:{NAME}+)\1(?=:)""", r"\2", value)
    escaped = re.sub(rf"(?<={NAME}):(?={NAME})", r"\:", bare)
    return f"a ':' within a key is '\\:': '{key}={escaped}'" if is_readable(f"{key}={escaped}") else None


def closed(text: str, is_readable: Callable[[str], bool]) -> str | None:
    """Advice to close what is open, if that is all that is wrong."""
    for opening, closing in ("[]", "{}", "()", "''", '""'):
        if is_readable(text + closing):
            return f"close the {'quote' if opening == closing else 'bracket'}: {text + closing}"
    return None


def several_values(text: str) -> HeadwayError:
    """A sweep where one value is wanted."""
    key, _, value = text.partition("=")
    decimal = re.fullmatch(r"(-?\d+),(\d+)", value)
    hint = "headway run -m runs one after the other, key=[a,b] is a list"
    hint += f"; a number has a point: {key}={decimal[1]}.{decimal[2]}" if decimal else ""
    return _fault(text, f"{text} asks for several values", hint, "sweep")


def bad_choice(text: str, group: str, value: object, known: Sequence[str]) -> HeadwayError:
    """A choice of a config group that names no option."""
    hint = f"~{group} leaves it out" if value is None else f"write {group}=NAME, or {group}='{value}' for an odd name"
    if text.startswith("++") and isinstance(value, str):
        hint = f"write {group}={value}"
    if value == "":
        hint = f"write {group}=NAME; there are: {', '.join(known) or 'none'}"
    return _fault(text, f"{text} chooses no option of '{group}'", hint, "choice")


def chosen_already(text: str, key: str) -> HeadwayError:
    """A choice that is added where there is one."""
    what = f"'{key}' is chosen already, so that {text} cannot add it"
    return _fault(text, what, f"write {text.lstrip('+')}", "choice")


def bad_interpolation(text: str, reason: str, hint: str) -> HeadwayError:
    """A choice by an interpolation that has no value."""
    return _fault(text, f"{text} cannot be resolved: {reason}", hint, "composition")


def not_followed(reason: str, words: Iterable[str]) -> HeadwayError:
    """Defaults lists that cannot be followed, in Hydra's words; the first choice led there."""
    return _fault(next(iter(words), ""), reason, None, "composition")


def unused_choice(text: str, key: str, value: object) -> HeadwayError:
    """A choice of a group that no defaults list mentions."""
    return _fault(
        text, f"nothing chooses a '{key}' yet, so that {text} replaces nothing", f"write +{key}={value}", "choice"
    )


def unused_deletion(text: str, key: str) -> HeadwayError:
    """A deletion of what is not there."""
    return _fault(text, f"there is no {key} to delete", None, "delete")


def no_item(text: str, key: str) -> HeadwayError:
    """A path through a list that has no such item."""
    return _fault(text, f"{key}: there is no such item in the list", "write the whole list: key=[a,b]", "index")


def other_value(text: str, key: str) -> HeadwayError:
    """A deletion of a value that is not there; the one that is there may be secret."""
    return _fault(text, f"{key} has another value, so it is not deleted", f"~{key} deletes whatever it is", "delete")


def plainly(reason: str) -> str:
    """What the grammar's generated parser means."""
    if reason.startswith("missing EQUAL"):
        return "it has no '='"
    kinds = "no viable alternative at input|mismatched input|extraneous input|token recognition error at:"
    found = re.match(rf"(?:{kinds}) '(.*?)'", reason)
    return f"it cannot be read from '{found[1]}' on" if found else reason


def _fault(text: str, what: str, hint: str | None, code: str, *, key: bool = False) -> HeadwayError:
    width = len(text.partition("=")[0]) if key else len(text)
    return HeadwayError(what, where=Place("command line", None, 1, text, max(1, width)), hint=hint, code=code)
