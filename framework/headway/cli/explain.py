"""`headway explain KEY`: what a key means, what it is, who set it and over what."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from headway.cli import asking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headway.config.explain import Explanation
    from headway.session import Session

help = "explain one key of a config: doc, type, default, who set it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("key", metavar="KEY", help="a value or a node, such as model.learning_rate or model")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print it")
    asking.configure(parser)


def run(arguments: argparse.Namespace, session: Session) -> int:
    """Prints the explanation; faults of the config do not stand in its way."""
    from headway.config import compose
    from headway.config.explain import explain

    config = compose(session.project, asking.asked(arguments, session), session.plugins)
    found = explain(arguments.key, config, session.plugins)
    if arguments.format == "json":
        print(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))  # noqa: T201
    else:
        print("\n".join(_lines(found)))  # noqa: T201
    return 0


def _lines(found: Explanation) -> Iterator[str]:
    yield found.key
    yield from (f"  {line}".rstrip() for line in found.doc.splitlines())
    facts = [
        ("stage" if found.inputs else "type", found.type),
        ("limits", ", ".join(found.constraints)),
        ("default", _shown(found.default) if found.has_default else ""),
        ("value", "" if found.fields else _shown(found.value)),
        ("set by", found.origin),
        *(("note", note) for note in found.notes),
    ]
    yield from (f"  {name:<8}{text}" for name, text in facts if text)
    steps = [(_shown(step.value), step.origin) for step in found.steps]
    if found.has_default and steps:
        steps.insert(0, (_shown(found.default), "default"))
    if len(steps) > 1:
        yield "  in the order of merging:"
        width = max(len(value) for value, _ in steps)
        yield from (f"    {value:<{width}}  {origin}" for value, origin in steps)
    if found.inputs:
        yield "  inputs:"
        yield from (f"    {name}: {text}" for name, text in found.inputs.items())
    if found.fields:
        yield from _table(found.fields)


def _table(fields: tuple[Explanation, ...]) -> list[str]:
    from headway.cli.tables import table

    rows = [[f.key.rpartition(".")[2], _shown(f.value), _first(f.type), f.origin, _first(f.doc)] for f in fields]
    return ["", *(f"  {line}" for line in table(["field", "value", "type", "set by", "doc"], rows))]


def _first(doc: str) -> str:
    return doc if len(doc) <= 60 else f"{doc[:59]}…"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
