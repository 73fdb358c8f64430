"""What the command line may not say, told with its place."""

from __future__ import annotations

import re

from headway.errors import HeadwayError, Place


def bad_override(text: str, reason: str) -> HeadwayError:
    """An override that is no override."""
    hint = "write key=value, quoting what the shell or the grammar would read: 'key=[a,b]'"
    return _fault(text, f"{text} is no override: {_plainly(reason)}", hint, "override")


def several_values(text: str) -> HeadwayError:
    """A sweep where one value is wanted."""
    return _fault(text, f"{text} asks for several values", "headway run -m runs one after the other", "sweep")


def bad_choice(text: str, group: str, value: object) -> HeadwayError:
    """A choice of a config group that names no option."""
    hint = f"~{group} leaves it out" if value is None else f"write {group}=NAME, or {group}='{value}' for an odd name"
    return _fault(text, f"{text} chooses no option of '{group}'", hint, "choice")


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


def _plainly(reason: str) -> str:
    """What the grammar's generated parser means."""
    if reason.startswith("missing EQUAL"):
        return "it has no '='"
    kinds = "no viable alternative at input|mismatched input|extraneous input|token recognition error at:"
    found = re.match(rf"(?:{kinds}) '(.*?)'", reason)
    return f"it cannot be read from '{found[1]}' on" if found else reason


def _fault(text: str, what: str, hint: str | None, code: str) -> HeadwayError:
    return HeadwayError(what, where=Place("command line", None, 1, text, max(1, len(text))), hint=hint, code=code)
