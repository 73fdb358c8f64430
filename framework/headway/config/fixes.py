"""What was probably meant by a value of the wrong type."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

BOOLEANS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}

QUOTES = "put it in quotes"


def fix(value: Any, wanted: Collection[str]) -> str | None:
    """How to write a value so that it is what is wanted.

    Args:
        value: What was written.
        wanted: What it may be, in the words of the message: ``a number``, ``a string`` …
    """
    if isinstance(value, str):
        return _text(value, wanted)
    if isinstance(value, bool):
        if "a string" in wanted or any(f"'{word}'" in text for text in wanted for word in BOOLEANS):
            return "a bare yes, no, on, off, true or false is no text: put it in quotes"
        return None
    if value is None:
        return "give it a value, or leave the key out for its default"
    if isinstance(value, int | float):
        return _number(value, wanted)
    return None


def _text(value: str, wanted: Collection[str]) -> str | None:
    text = value.strip()
    if "a boolean" in wanted and text.lower() in BOOLEANS:
        return f"write {BOOLEANS[text.lower()]}, without quotes"
    if {"a number", "an integer"} & set(wanted):
        if number := _as_number(text):
            return f"write {number}, without quotes"
        if found := re.fullmatch(r"([-+]?\d+),(\d+)", text):
            return f"write {found[1]}.{found[2]}, with a point"
        if re.fullmatch(r"[-+]?\d+(\.\d+)?\s*%", text):
            return f"write {float(text.rstrip('% ')) / 100:g}"
    if "an array" in wanted:
        return f"write {text}, without quotes" if text.startswith("[") else f"write a list: [{text}]"
    if "an object" in wanted and text.startswith("{"):
        return f"write {text}, without quotes"
    return None


def _as_number(text: str) -> str | None:
    if not re.fullmatch(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?", text, re.IGNORECASE):
        return None
    mantissa, sign, exponent = text.lower().partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent}" if sign else text


def _number(value: float, wanted: Collection[str]) -> str | None:
    if "an array" in wanted:
        return f"write a list: [{value}]"
    if "a string" in wanted:
        return f"{QUOTES}: '{value}'"
    if "a boolean" in wanted and value in (0, 1):
        return f"write {'true' if value else 'false'}"
    if "an integer" in wanted and isinstance(value, float) and value.is_integer():
        return f"write {int(value)}"
    return None
