"""Where a part of a list or mapping stands in one word of the command line."""

from __future__ import annotations

from collections.abc import Iterator

from headway.config.origins import Key

PAIRS = {"[": "]", "{": "}", "(": ")"}


def span(text: str, path: Key, start: int, *, of_key: bool = False) -> tuple[int, int]:
    """The first position of a part, and the one behind it; of the nearest thing around it if there is none.

    Args:
        text: The word, such as ``pipeline=[data,model]``.
        path: The part's path inside the value.
        start: Where the value begins.
        of_key: Whether the key is meant, not the value.
    """
    begin, end = start, len(text)
    for depth, key in enumerate(path):
        part = _part(text, begin, end, key)
        if part is None:
            break
        named, begin, end = part
        if of_key and depth == len(path) - 1:
            return named
    return begin, end


def _part(text: str, start: int, end: int, key: str | int) -> tuple[tuple[int, int], int, int] | None:
    """One item of a list or mapping: the range of its key, and the start and end of its value."""
    if text[start : start + 1] not in ("[", "{"):
        return None
    for index, (first, last) in enumerate(_items(text, start + 1, end - 1)):
        if text[start] == "[":
            if index == key:
                return (first, last), first, last
            continue
        name, colon, value = text[first:last].partition(":")
        if colon and name.strip().strip("'\"") == str(key):
            begin = last - len(value.lstrip())
            return (first, first + len(name.rstrip())), begin, last
    return None


def _items(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The ranges between the commas of one level, without spaces around them."""
    closing: list[str] = []
    first, quote = start, ""
    for position in range(start, end + 1):
        sign = text[position] if position < end else ","
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in PAIRS:
            closing.append(PAIRS[sign])
        elif closing and sign == closing[-1]:
            closing.pop()
        if (sign == "," and not closing and not quote) or position == end:
            item = text[first:position]
            yield first + len(item) - len(item.lstrip()), first + len(item.rstrip())
            first = position + 1
