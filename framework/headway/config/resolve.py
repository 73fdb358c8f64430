"""Interpolations, resolved one by one so that each broken one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from headway.config.origins import Key
from headway.config.tree import Tree, leaves
from headway.errors import HeadwayError


def resolve(tree: Tree, project: Path) -> list[HeadwayError]:
    """Replaces every ``${…}`` of a tree by its value; returns a fault for each that has none."""
    written = [(at, value) for at, value in leaves(tree.root) if isinstance(value, str) and "${" in value]
    if not written:
        return []
    config = OmegaConf.create(tree.root)
    faults = []
    for at, text in written:
        try:
            value = _value(config, at)
        except (OmegaConfBaseException, ValueError, TypeError) as error:
            faults.append(_fault(tree, project, at, text, error))
            value = None
        _put(tree.root, at, value)
    return faults


def _value(config: Any, at: Key) -> Any:
    node = config
    for key in at:
        node = node[key]
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def _put(root: Any, at: Key, value: Any) -> None:
    for key in at[:-1]:
        root = root[key]
    root[at[-1]] = value


def _fault(tree: Tree, project: Path, at: Key, text: str, error: Exception) -> HeadwayError:
    origin = tree.origin(at)
    reason = str(error).splitlines()[0]
    return HeadwayError(
        f"{'.'.join(map(str, at))}: {text} cannot be resolved: {reason}",
        where=origin.place(project) if origin else None,
        hint="an interpolation names a value of this config by its full path, such as ${seed}",
        code="interpolation",
    )
