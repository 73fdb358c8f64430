"""`headway COMMAND …`: finds the command, runs it, and turns errors into messages and exit codes.

Exit codes: 0 done; 1 a stage, a gate or the environment failed; 2 the command line or the config is wrong;
130 Ctrl-C; 143 SIGTERM; 129 SIGHUP.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from headway.errors import ConfigError, HeadwayError, UsageError
from headway.naming import unknown
from headway.streams import lasting

if TYPE_CHECKING:
    from headway.session import Session

CORE = {
    "run": "run an experiment, or a grid of them with -m",
    "plan": "show what would run, what is cached, and why",
    "check": "report every fault of a config at once",
    "config": "print the resolved config",
    "explain": "explain one key of a config: doc, type, default, who set it",
    "runs": "list, show, compare, note and tag runs",
    "store": "measure, verify and clean the store",
    "plugins": "list plugins and what they register; doctor looks for trouble",
    "init": "make a project: configs/, plugins/, README",
    "completion": "print the completion script of bash, zsh or fish",
}
"""The commands of the core, each in a module of its name."""
COMPLETE = "__complete"
"""The hidden command of completion scripts."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        argv: Arguments without the program's name; ``sys.argv`` by default.

    Returns:
        The exit code.
    """
    warnings.showwarning = _show_warning  # type: ignore[assignment]  # the other arguments are not shown
    try:
        return _dispatch(list(sys.argv[1:] if argv is None else argv))
    except HeadwayError as error:
        if os.environ.get("HEADWAY_TRACEBACK"):
            raise
        _say(error.render())
        return error.exit_code
    except KeyboardInterrupt as error:
        _say("interrupted; the same command goes on from what is saved")
        return int(getattr(error, "exit_code", 130))
    except PermissionError as error:
        if os.environ.get("HEADWAY_TRACEBACK") or error.filename is None:
            raise
        _say(_forbidden(error).render())
        return 1
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - the reader is gone; keep the exit flush quiet
        return 0


def _forbidden(error: PermissionError) -> HeadwayError:
    """A file that this user may not read or write, as an error that names it."""
    what = f"{error.filename}: permission denied"
    return HeadwayError(what, hint="check the permissions of the file and its folders", code="no-permission")


def _dispatch(argv: list[str]) -> int:
    options, rest = _global_parser().parse_known_args(_head(argv))
    if options.version:
        return _version()
    rest = argv[len(_head(argv)) :]
    if rest[:1] == [COMPLETE]:
        from headway.cli.completion import complete

        complete(*rest[1:3])
        return 0
    if not rest or options.help:
        from headway.cli.overview import overview

        print(overview(CORE, str(options.project) if options.project else None))  # noqa: T201
        return 0 if options.help or not argv else 2
    return _run_command(_session(options.project), rest[0], rest[1:])


def _head(argv: list[str]) -> list[str]:
    """The global options, which come before the command."""
    for index, word in enumerate(argv):
        if not word.startswith("-") and (index == 0 or argv[index - 1] != "--project"):
            return argv[:index]
    return argv


def _global_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="headway", add_help=False)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--version", action="store_true")
    parser.add_argument("-h", "--help", action="store_true")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"{self.prog} --help", code="usage")


def _version() -> int:
    from headway import __version__

    print(f"headway {__version__}")  # noqa: T201
    return 0


def _session(project: Path | None) -> Session:
    from headway.session import Session

    return Session.open(project)


def _run_command(session: Session, name: str, arguments: list[str]) -> int:
    command = _command(session, name)
    parser = _Parser(prog=f"headway {name}", description=command.help, allow_abbrev=False)
    command.configure(parser)
    options, left = parser.parse_known_intermixed_args(arguments)
    if left:
        raise _not_understood(left, parser)
    from headway.cli.signals import ending_well

    with ending_well():
        return int(command.run(options, session))


def _not_understood(words: Sequence[str], parser: argparse.ArgumentParser) -> HeadwayError:
    """What a command makes nothing of; a word may be the value of an option that there is not."""
    flags = [word for word in words if word.startswith("-")]
    if not flags:
        what = f"{parser.prog} takes no more words: {' '.join(words)}"
        return UsageError(what, hint=f"{parser.prog} --help", code="usage")
    from headway.config.overrides import flag

    known = [option for action in parser._actions for option in action.option_strings]
    return ConfigError([flag(word, known) for word in flags])


def _command(session: Session, name: str) -> Any:
    if name in CORE:
        return import_module(f"headway.cli.{name}")
    registry = session.plugins.registry
    names = registry.names("command")
    if name in names:
        return registry.get("command", name)()
    broken = session.plugins.broken
    hint = f"plugins that did not load may offer it: {', '.join(broken)}" if broken else "headway --help lists them"
    raise UsageError(unknown("command", name, [*CORE, *names]), hint=hint, code="unknown-command")


def _show_warning(message: Warning | str, *_: object) -> None:
    _say(f"warning: {message}")


def _say(text: str) -> None:
    print(text, file=lasting(sys.stderr), flush=True)


if __name__ == "__main__":
    sys.exit(main())
