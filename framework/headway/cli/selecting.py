"""The arguments that choose a part of a plan."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.planning import Selection

FLAGS = {
    "--to": "only this stage and what it needs",
    "--from": "only this stage and what needs it; what comes before must be cached",
    "--force": "run this stage although it is cached",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments; each may be given several times, or name several stages with commas between."""
    for flag, text in FLAGS.items():
        parser.add_argument(flag, action="append", default=[], metavar="STAGE", help=text)


def selection(arguments: argparse.Namespace) -> Selection:
    """What the arguments choose."""
    from headway.planning import Selection

    to, start, force = (_names(getattr(arguments, flag.removeprefix("--"))) for flag in FLAGS)
    return Selection(to, start, force)


def _names(words: list[str]) -> tuple[str, ...]:
    return tuple(name for word in words for name in word.split(",") if name)
