"""How trials are called, and answers to a name that does not exist: the nearest one, and what there is."""

from __future__ import annotations

import re
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or the only one of which it is a word, in any case; None if none is close."""
    from difflib import get_close_matches

    asked, names = name.casefold(), {each.casefold(): each for each in known}
    matches = get_close_matches(asked, names, n=1, cutoff=0.6)
    holds = [each for each in names if asked and asked in re.split(r"[\W_]+", each)]
    chosen = matches or (holds if len(holds) == 1 else [])
    return names[chosen[0]] if chosen else None


def unknown(noun: str, name: str, known: Iterable[str]) -> str:
    """A sentence such as ``unknown model 'mpl'; did you mean 'mlp'? there are: linear, mlp``."""
    names = sorted(known)
    close = nearest(name, names)
    guess = f"; did you mean '{close}'?" if close else ";"
    return f"unknown {noun} '{name}'{guess} there are: {', '.join(names) or 'none'}"


def trial_of(group: str | None, label: str) -> str:
    """``STUDY/NUMBER``, as commands take it, if a run's group and label are a trial's; else nothing."""
    return label if group is not None and label.startswith(f"{group}/") else ""
