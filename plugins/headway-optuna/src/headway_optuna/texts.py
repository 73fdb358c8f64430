"""Names, values and times of trials, in few words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from headway_optuna.trial import Trial


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Key to the shortest of its ends that no other key has: ``model.learning_rate`` to ``learning_rate``."""
    ends = {key: [".".join(key.split(".")[-n:]) for n in range(1, key.count(".") + 2)] for key in keys}
    owners = Counter(end for found in ends.values() for end in found)
    return {key: next((end for end in found if owners[end] == 1), key) for key, found in ends.items()}


def exact(value: Any) -> str:
    """A value in full: text as it is, all else as JSON; floats that parse back to the same."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def brief(value: Any, most: int = 16) -> str:
    """A value in at most so many characters: floats to three digits, lists and dicts without spaces."""
    if isinstance(value, float):
        return f"{value:.3g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return shortened(one_line(text), most)


def point(params: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """A trial's parameters, such as ``learning_rate 0.000312``, in their order."""
    return [f"{names.get(key, key)} {brief(value)}" for key, value in params.items()]


def figure(value: float) -> str:
    """A metric."""
    return f"{value:.5g}"


def figures(values: Iterable[float]) -> str:
    """The objectives of a trial."""
    return ", ".join(map(figure, values))


def clock(seconds: float) -> str:
    """Such as ``0:07`` or ``1:02:03``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def took(trial: Trial) -> str:
    """How long a trial took, pauses included; nothing if that is not known."""
    seconds = seconds_of(trial)
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def seconds_of(trial: Trial) -> float | None:
    """Seconds from a trial's beginning to its end, of several attempts the last one's."""
    return None if trial.begun is None or trial.ended is None else max(0.0, trial.ended - trial.begun)


def gist(reason: str) -> str:
    """One line of a reason: the error itself at the end of a traceback, else the first line."""
    lines = [line for line in reason.splitlines() if line.strip()]
    if not lines:
        return ""
    is_traceback = any(line.startswith("Traceback ") for line in lines)
    return one_line(lines[-1] if is_traceback else lines[0])


def one_line(text: str) -> str:
    """Text without line breaks and without what a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


def shortened(text: str, most: int) -> str:
    """Text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
