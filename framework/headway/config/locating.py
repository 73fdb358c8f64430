"""Where the config says what a running stage complains about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headway.config.nodes import Nodes
from headway.config.origins import Key, within
from headway.config.public import mask
from headway.errors import Place

if TYPE_CHECKING:
    from headway.config.model import Config, StageConfig
    from headway.plugins import Plugins


def locate(where: Place, stage: StageConfig, config: Config, plugins: Plugins) -> Place:
    """The place of a config key, such as ``features.derive.ratio``, as files or the command line have it.

    Args:
        where: A place whose source is a config key, and whose column is a position in the text of its value.
        stage: The stage that complains; its own keys begin with its name, or its kind.
        config: What the stage was made from.
        plugins: Where stages are registered.

    Returns:
        The place in the config, with no secret in it: of a key that nobody wrote that of the nearest above it which
        somebody did. `where` if there is none, if a part of its text is meant, or if the file is gone.
    """
    if where.line is not None:
        return where
    try:
        found = _found(where, stage, config) or (_above(where, stage, config) if where.text is None else None)
    except OSError:
        return where
    if found is None:
        return where
    if where.text is not None and where.column is not None:
        found = within(found, where.text, where.column - 1, where.width)
    return replace(found, text=mask(found.text, Nodes(config, plugins).secrets().values()))


def _found(where: Place, stage: StageConfig, config: Config) -> Place | None:
    first, _, rest = where.source.partition(".")
    if first in (stage.name, stage.kind) and stage.at:
        return _own(stage, rest, config)
    return _written(config, (first, *path_in(config.tree.root.get(first), rest)))


def _above(where: Place, stage: StageConfig, config: Config) -> Place | None:
    """Where the nearest key above one that nobody wrote was written, but for a stage as a whole."""
    above = where.source.rpartition(".")[0]
    if "." not in above:
        return None
    return _found(replace(where, source=above), stage, config) or _above(replace(where, source=above), stage, config)


def _own(stage: StageConfig, rest: str, config: Config) -> Place | None:
    """Where a key of the stage's own was written: for a model in a list, there or in the option's file."""
    path = path_in(stage.values, rest)
    if len(stage.at) == 1 or not path:
        return _written(config, (*stage.at, *path))
    at = (*stage.at, *path)
    if config.tree.get(at) is not None:
        return config.place(at)
    return replace(config, tree=config.options[str(stage.at[-1])]).written((stage.kind, *path))


def _written(config: Config, path: Key) -> Place | None:
    return config.written(path) if len(path) > 1 else None


def path_in(value: Any, dotted: str) -> Key:
    """The path that a dotted text means; keys of mappings may have dots themselves."""
    if not dotted:
        return ()
    if isinstance(value, Mapping):
        known = [str(key) for key in value if dotted == str(key) or dotted.startswith(f"{key}.")]
        key = max(known, key=len, default=dotted.partition(".")[0])
        return (key, *path_in(value.get(key), dotted[len(key) + 1 :]))
    key, _, rest = dotted.partition(".")
    index = int(key) if key.isdigit() else None
    inner = value[index] if isinstance(value, list | tuple) and index is not None and index < len(value) else None
    return (key if index is None else index, *path_in(inner, rest))
