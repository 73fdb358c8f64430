"""Rules read off a profile, as an editable config."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from headway_tabular.quality.profile import ColumnProfile, Profile

TOLERANCE = 0.1
MUST_BE_GIVEN = "???"
"""A text that no config can hold: it stands for a value that must be given."""

HEAD = """\
# @package data
# The columns of {source} as `headway data profile` found them in {rows:,} rows. It is yours to edit: a rule that is
# wrong for rows to come stops good runs. What becomes of a value that breaks one is its `otherwise`: error (the
# default), drop the row, clip to min and max, or count as missing.
# In the defaults of an experiment:  - override /data: [NAME, {name}]
"""
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What YAML takes for no character, for a break of a line or for a mark of byte order."""
WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "none"}
"""What YAML takes for something other than a text."""


def fragment(profile: Profile, source: str, name: str) -> str:
    """A config file that gives each column its kind and its rule.

    Enforced on the same rows, it finds nothing. It composes beside the data config it was made with.

    Args:
        profile: What was found.
        source: Where the rows are from, for people.
        name: The name the file will have as an option of ``data``.
    """
    lines = [HEAD.format(source=source, rows=profile.rows, name=name).rstrip(), "kinds:"]
    lines += [f"  {_text(column.name)}: {column.kind}" for column in profile.columns]
    lines.append("rules:")
    lines += [f"  {_text(column.name)}:{_rule(column, profile)}" for column in profile.columns]
    return "\n".join(lines) + "\n"


def _rule(column: ColumnProfile, profile: Profile) -> str:
    parts = [f"missing: {str(bool(column.missing)).lower()}", *_values(column)]
    note = f"  # {column.missing:,} missing ({column.missing / profile.rows:.1%})" if column.missing else ""
    if len(column.categories) > 5 and column.kind == "categorical":
        return note + "".join(f"\n    {part}" for part in parts)
    return " {" + ", ".join(parts) + "}" + note


def _values(column: ColumnProfile) -> Iterator[str]:
    if column.kind == "categorical" and column.categories and MUST_BE_GIVEN not in column.categories:
        plain = [value.replace("${", r"\${") for value in column.categories]  # no interpolations
        yield f"categories: [{', '.join(map(_text, plain))}]"
    elif column.kind in ("integer", "numeric") and column.numbers and not column.numbers.infinite:
        low, high = column.numbers.low, column.numbers.high
        yield from (f"min: {_number(low)}", f"max: {_number(high)}")
        if (low, high) != (0, 1):
            yield f"tolerance: {TOLERANCE}"
    elif column.kind == "timestamp" and column.times:
        yield from (f'min: "{column.times.first.isoformat()}"', f'max: "{column.times.last.isoformat()}"')
        yield f"tolerance: {TOLERANCE}"


def _number(value: float) -> str:
    """As YAML reads it: 1e-7 without a point or with an exponent without a sign would be a text."""
    digits, mark, power = repr(value).partition("e")
    if not mark:
        return digits
    return f"{digits if '.' in digits else digits + '.0'}e{power if power[0] in '+-' else '+' + power}"


def _text(value: str) -> str:
    """A YAML text: plain where nothing else can be meant, else quoted as JSON is."""
    if PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    return UNPRINTABLE.sub(_escaped, json.dumps(value, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
