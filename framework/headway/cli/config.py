"""`headway config`: the resolved config, where each value came from, and its schema."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from headway.cli import asking

if TYPE_CHECKING:
    from headway.session import Session

help = "print the resolved config"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--origins", action="store_true", help="say where each value came from")
    what.add_argument("--schema", action="store_true", help="print the JSON Schema of the config instead")
    parser.add_argument("--format", choices=["yaml", "json"], default="yaml", help="how to print it")
    asking.configure(parser)


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints YAML that is an experiment file itself, or JSON."""
    if arguments.schema:
        return _schema(arguments, session)
    from headway.config.text import render, render_json

    for experiment in session.experiments(asking.asked(arguments, session)):
        if arguments.format == "json":
            print(render_json(experiment, origins=arguments.origins))  # noqa: T201
        else:
            print(render(experiment, origins=arguments.origins), end="")  # noqa: T201
    return 0


def _schema(arguments: argparse.Namespace, session: Session) -> int:
    import json

    from headway.config import compose
    from headway.config.jsonschema import json_schema

    config = compose(session.project, asking.asked(arguments, session), session.plugins)
    print(json.dumps(json_schema(config, session.plugins), indent=2, ensure_ascii=False))  # noqa: T201
    return 0
