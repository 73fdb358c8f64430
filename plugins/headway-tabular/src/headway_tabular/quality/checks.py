"""What the data stage looks for beyond single values, and how grave it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Check = Literal[
    "duplicates", "groups", "time", "single_feature", "identifier", "late", "missing_class", "constant",
    "all_missing", "unseen",
]  # fmt: skip
"""Leaks and faults of a divided table; docs/data-quality.md says what each means."""

Level = Literal["ignore", "note", "warning", "error"]
"""ignore: not looked for; note and warning: told; error: the run stops."""

LEVELS: Mapping[Check, Level] = {
    "duplicates": "warning",
    "groups": "error",
    "time": "error",
    "single_feature": "error",
    "identifier": "warning",
    "late": "error",
    "missing_class": "warning",
    "constant": "note",
    "all_missing": "warning",
    "unseen": "note",
}
"""The level of each check unless the config says otherwise. What is less certain or less grave is told at a lower
level than that."""
