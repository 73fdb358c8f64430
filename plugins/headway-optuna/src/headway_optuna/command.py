"""`headway sweep`: searches, and shows, stops, exports and removes what was searched."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from headway.errors import UsageError
from headway.naming import unknown

ACTIONS = {
    "list": (0, "headway sweep list"),
    "show": (1, "headway sweep show NAME"),
    "stop": (1, "headway sweep stop NAME"),
    "report": (1, "headway sweep report NAME"),
    "best": (1, "headway sweep best NAME"),
    "export": (2, "headway sweep export NAME URL"),
    "remove": (1, "headway sweep remove NAME"),
}
"""Action → how many words it takes, and how it is written."""


class SweepCommand:
    """The command ``sweep``."""

    name: ClassVar[str] = "sweep"
    help: ClassVar[str] = "search hyperparameters; list, show, stop, report, best, export, remove NAME"

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declares the arguments."""
        parser.add_argument("--dry-run", action="store_true", help="print what would be searched; run nothing")
        parser.add_argument("--all", action="store_true", help="show: every trial, not only the best ten")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="show, list: how to print it")
        parser.add_argument(
            "words", nargs="*", metavar="key=value | ACTION NAME",
            help="choices, values and what is searched, such as model.dropout=interval(0,0.5); or an action",
        )  # fmt: skip

    @staticmethod
    def run(arguments: argparse.Namespace, session: Any) -> int:
        """Does what the words ask for."""
        words: list[str] = arguments.words
        if words and _is_action(words[0]):
            return _act(words[0], words[1:], arguments, session)
        from headway_optuna.sweeping import dry_run, sweep

        return dry_run(words, session) if arguments.dry_run else sweep(words, session)


def _is_action(word: str) -> bool:
    return "=" not in word and not word.startswith("~")


def _act(action: str, words: Sequence[str], arguments: argparse.Namespace, session: Any) -> int:
    if action not in ACTIONS:
        hint = f"headway sweep key=value … searches; the actions are {', '.join(ACTIONS)}"
        raise UsageError(unknown("action", action, ACTIONS), hint=hint, code="usage")
    count, usage = ACTIONS[action]
    if len(words) != count:
        raise UsageError(f"'{action}' takes {count} word{'' if count == 1 else 's'}", hint=usage, code="usage")
    from headway_optuna import studies

    done: int = getattr(studies, f"do_{action}")(session, *words, **_options(action, arguments))
    return done


def _options(action: str, arguments: argparse.Namespace) -> dict[str, Any]:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    options = {"form": arguments.format, "width": width}
    return {"show": {**options, "everything": arguments.all}, "list": options}.get(action, {})
