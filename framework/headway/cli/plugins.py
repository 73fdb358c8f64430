"""`headway plugins list|doctor`: what is installed, what it registers, and what is wrong with it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from headway.cli.tables import table

if TYPE_CHECKING:
    from headway.plugins import PluginInfo
    from headway.session import Session

help = "list plugins and what they register; doctor looks for trouble"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("action", nargs="?", choices=["list", "doctor"], default="list")


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints one row a plugin, then the errors; 1 if a plugin could not be loaded."""
    if arguments.action == "doctor":
        from headway.cli.doctor import doctor

        return doctor(session)
    rows = [[info.name, info.distribution, info.version, _offers(info)] for info in session.plugins.infos]
    print("\n".join(table(["plugin", "distribution", "version", "registers"], rows)))  # noqa: T201
    for error in session.plugins.broken.values():
        print(f"\n{error.render()}")  # noqa: T201
    return 1 if session.plugins.broken else 0


def _offers(info: PluginInfo) -> str:
    return "could not be loaded" if info.error else ", ".join(info.names) or "nothing"
