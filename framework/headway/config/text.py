"""A checked config as text: an experiment file that composes to the same, JSON, or lines with origins."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headway.config.defaults import RESERVED
from headway.config.tree import leaves

if TYPE_CHECKING:
    from headway.config.model import Experiment
    from headway.config.origins import Key

BASE_GROUPS = ("data", "features", "model", "export", "evaluation", "deployment")
"""The groups that the base config chooses, so that a file overrides them."""
BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
"""What ends a line for one reader and not for another, or is no text."""
HEADER = "# @package _global_\n"


def render(experiment: Experiment, *, origins: bool = False) -> str:
    """The resolved config as YAML.

    Without origins it is an experiment file: in a project with the same plugins it composes to the same
    experiment, baselines that are options of this project's own excepted.

    Args:
        experiment: A checked config.
        origins: Whether to say behind each value where it came from.
    """
    if origins:
        return "\n".join(_lines(experiment, experiment.public, (), 0)) + "\n"
    body = {name: _without_use(node) for name, node in experiment.public.items()}
    return HEADER + _yaml({"defaults": _defaults(experiment), **escaped(body)})


def render_json(experiment: Experiment, *, origins: bool = False) -> str:
    """The resolved config as JSON; with origins, path to value and origin."""
    if not origins:
        return json.dumps(experiment.public, indent=2, ensure_ascii=False)
    found = [
        {"key": ".".join(map(str, at)), "value": value, "origin": _origin(experiment, at)}
        for at, value in leaves(experiment.public)
    ]
    return json.dumps(found, indent=2, ensure_ascii=False)


def _origin(experiment: Experiment, at: Key) -> str:
    listed = next((at[:i] for i in range(1, len(at)) if isinstance(experiment.config.tree.get(at[:i]), list)), at)
    found = experiment.config.written(at) or experiment.config.written(listed)
    return str(experiment.config.place(at)) if found else "default"


def _defaults(experiment: Experiment) -> list[dict[str, Any]]:
    """The choices by registered names; what the base config chooses is overridden, even by nothing."""
    kinds, public = experiment.config.kinds, experiment.public
    used = {name: node["use"] for name, node in public.items() if isinstance(node, Mapping) and "use" in node}
    added = {name: use for name, use in used.items() if name not in BASE_GROUPS}
    first = [
        {f"/{kind}" if kind == name else f"/{kind}@{name}": use}
        for name, use in added.items()
        for kind in [kinds.get(name, name)]
    ]
    return [*first, *({f"override /{group}": used.get(group)} for group in BASE_GROUPS)]


def _without_use(node: Any) -> Any:
    if not isinstance(node, Mapping) or "use" not in node:
        return node
    return {key: value for key, value in node.items() if key != RESERVED[0]}


def escaped(value: Any) -> Any:
    """A copy of a value in whose texts ``${`` is no interpolation; backslashes before it are doubled for that."""
    if isinstance(value, Mapping):
        return {key: escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [escaped(item) for item in value]
    if isinstance(value, str):
        return re.sub(r"(\\*)\$\{", lambda found: f"{found[1] * 2}\\${{", value)
    return value


def _yaml(value: Any) -> str:
    import yaml

    options: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "default_flow_style": None, "width": 100}
    return str(yaml.dump(value, Dumper=_dumper(), **options))


def _dumper() -> Any:
    """PyYAML's dumper, with the numbers of the loader that configs are read by: ``1e-3`` as a text is quoted."""
    import yaml
    from omegaconf._utils import get_yaml_loader

    class Dumper(yaml.SafeDumper):
        yaml_implicit_resolvers = get_yaml_loader().yaml_implicit_resolvers

    Dumper.add_representer(str, _represented)
    return Dumper


def _represented(dumper: Any, text: str) -> Any:
    """A text; PyYAML itself folds a lone line separator or next-line away."""
    style = '"' if BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _lines(experiment: Experiment, node: Mapping[str, Any], at: Key, depth: int) -> list[str]:
    lines = []
    for key, value in node.items():
        head = f"{'  ' * depth}{_inline(key)}:"
        if isinstance(value, Mapping) and value:
            lines += [head, *_lines(experiment, value, (*at, key), depth + 1)]
        else:
            place = experiment.config.written((*at, key)) or "default"
            lines.append(f"{head} {_inline(value)}  # {place}")
    return lines


def _inline(value: Any) -> str:
    import yaml

    return (
        str(yaml.dump(value, Dumper=_dumper(), default_flow_style=True, allow_unicode=True, width=1_000_000))
        .removesuffix("...\n")
        .strip()
    )
