"""The arguments that say which experiments are meant: overrides, a grid, all folds, a trial of a study."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from headway.errors import UsageError

if TYPE_CHECKING:
    from headway.session import Session


def configure_grid(parser: argparse.ArgumentParser, verb: str) -> None:
    """Declares the arguments of one experiment or a grid of them.

    Args:
        parser: What they are added to.
        verb: What the command does with it.
    """
    parser.add_argument("-m", "--multirun", action="store_true", help=f"{verb} the grid of all a,b,c values")
    parser.add_argument("--folds", type=int, metavar="N", help=f"cross-validation: {verb} the grid of all N folds")
    configure(parser)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of one experiment."""
    parser.add_argument("--trial", metavar="STUDY/N", help="the config of a trial, to which the overrides are applied")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="choices and values, such as model=mlp")


def asked_grid(arguments: argparse.Namespace, session: Session) -> tuple[list[str], bool]:
    """The overrides that the arguments ask for, and whether they make a grid."""
    words = asked(arguments, session)
    if arguments.folds is None:
        return words, arguments.multirun
    return [*words, *axis(arguments.folds)], True


def asked(arguments: argparse.Namespace, session: Session) -> list[str]:
    """The overrides that the arguments ask for; those of a trial come first."""
    trial = [] if arguments.trial is None else trial_words(arguments.trial, session)
    return [*trial, *arguments.overrides]


def axis(folds: int) -> list[str]:
    """The overrides that ask for all folds; raises `UsageError` for less than two."""
    if folds < 2:
        raise UsageError(f"--folds {folds}: cross-validation needs two folds or more", code="folds")
    return [f"data.split.folds={folds}", f"data.split.fold=range({folds})"]


def trial_words(reference: str, session: Session) -> list[str]:
    """The overrides that make the config of a trial.

    Args:
        reference: ``STUDY/NUMBER``.
        session: Whose studies are meant.

    Raises:
        UsageError: There is no such study or trial, or a part of the reference is missing.
        StoreError: The study cannot be read.
    """
    from headway.store import trials

    name, _, number = reference.partition("/")
    study = session.opened.studies.find(name)
    asked = trials.words(study.events())
    there_are = f"study {name} has {len(asked)} trial{'' if len(asked) == 1 else 's'}"
    hint = f"{there_are}: --trial {name}/{max(asked)} is the last" if asked else f"{there_are} yet"
    if not number.isdecimal():
        what = f"{number!r} is no number of a trial" if number else "which trial of it?"
        raise UsageError(f"--trial {reference}: {what}", hint=hint, code="trial")
    if int(number) not in asked:
        raise UsageError(f"there is no trial {reference}", hint=hint, code="unknown-trial")
    return [*(study.description or {}).get("words", ()), *asked[int(number)]]
