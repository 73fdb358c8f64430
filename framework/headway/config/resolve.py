"""Interpolations, resolved one by one so that each broken one is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headway.config.hints import MISSING
from headway.config.hydraisms import RESOLVERS
from headway.config.origins import Key
from headway.config.tree import Tree, leaves
from headway.errors import HeadwayError
from headway.naming import nearest, unknown

UNSUPPORTED = "Unsupported interpolation type "
SIMPLE = re.compile(r"\$\{([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\}")
KNOWN = ("oc.env", "oc.select", "oc.decode", "oc.create", "oc.dict.keys", "oc.dict.values")
"""OmegaConf's own resolvers."""


def resolve(tree: Tree, project: Path, around: Mapping[str, Any] | None = None) -> dict[Key, HeadwayError]:
    """Replaces every ``${…}`` of a tree by its value.

    Args:
        tree: The tree, changed in place; what cannot be resolved becomes None.
        project: The project's folder.
        around: More values that interpolations may name; the tree's own come first.

    Returns:
        A fault for each path that has no value.
    """
    written = {at: value for at, value in leaves(tree.root) if isinstance(value, str) and "${" in value}
    tree.written = written
    root = {**(around or {}), **tree.root}
    rest = {at: text for at, text in written.items() if not _is_simple(tree, root, at, text)}
    return _by_omegaconf(tree, project, rest, root) if rest else {}


def restored(
    tree: Tree, project: Path, values: Mapping[str, Any] | None = None, around: Mapping[str, Any] | None = None
) -> tuple[Tree, dict[Key, HeadwayError]]:
    """A resolved tree, resolved again after top-level values were replaced, and its faults.

    Args:
        tree: It is left as it is.
        project: As for `resolve`.
        values: What replaces top-level values.
        around: As for `resolve`.
    """
    again = tree.copy()
    for at, text in tree.written.items():
        _put(again.root, at, text)
    again.root.update(values or {})
    return again, resolve(again, project, around)


def _is_simple(tree: Tree, root: Mapping[str, Any], at: Key, text: str) -> bool:
    """Resolves an interpolation that only names a plain value, as most do; OmegaConf would take longer to import."""
    named = SIMPLE.fullmatch(text)
    value: Any = root if named else None
    for key in named[1].split(".") if named else ():
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool | int | float) or (isinstance(value, str) and "${" not in value and value != MISSING):
        _put(tree.root, at, value)
        return True
    return False


def _by_omegaconf(
    tree: Tree, project: Path, written: Mapping[Key, str], root: Mapping[str, Any]
) -> dict[Key, HeadwayError]:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    faults = {at: fault for at, text in written.items() if (fault := _malformed(tree, project, at, text))}
    for at in faults:
        _put(tree.root, at, None)
    if len(written) == len(faults):
        return faults
    config = OmegaConf.create({**root, **tree.root})
    for at, text in written.items():
        if at in faults:
            continue
        try:
            value = _value(config, at)
        except (OmegaConfBaseException, ValueError, TypeError) as error:
            faults[at] = _fault(tree, project, at, text, str(error), root)
            value = None
        _put(tree.root, at, value)
    return faults


def _malformed(tree: Tree, project: Path, at: Key, text: str) -> HeadwayError | None:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        OmegaConf.create({"value": text})
    except OmegaConfBaseException:
        return _fault(tree, project, at, text, "it is malformed", {})
    return None


def _value(config: Any, at: Key) -> Any:
    from omegaconf import OmegaConf

    node = config
    for key in at:
        node = node[key]
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def _put(root: Any, at: Key, value: Any) -> None:
    for key in at[:-1]:
        root = root[key]
    root[at[-1]] = value


def _fault(tree: Tree, project: Path, at: Key, text: str, error: str, root: Mapping[str, Any]) -> HeadwayError:
    origin = tree.origin(at)
    reason = re.sub(r"^\w+ raised while resolving interpolation: ", "", error.splitlines()[0]).strip('"')
    return HeadwayError(
        f"{'.'.join(map(str, at))}: {text} cannot be resolved: {_plainly(reason)}",
        where=origin.place(project) if origin else None,
        hint=_hint(reason, root),
        code="interpolation",
    )


def _plainly(reason: str) -> str:
    resolver = reason.removeprefix(UNSUPPORTED)
    return reason if resolver == reason else f"there is no ${{{resolver}:…}}"


def _hint(reason: str, root: Mapping[str, Any]) -> str:
    resolver = reason.removeprefix(UNSUPPORTED)
    if resolver in RESOLVERS:
        return RESOLVERS[resolver]
    if resolver != reason:
        return unknown("interpolation", resolver, KNOWN)
    if "Recursive" in reason:
        return "these values lead back to themselves; give one of them a value of its own"
    if "nvironment variable" in reason:
        return "set it, or give a default: ${oc.env:NAME,default}"
    missing = re.match(r"Interpolation key '(.+)' not found", reason)
    known = [".".join(map(str, at)) for at, _ in leaves(root)]
    close = nearest(missing[1], known) if missing else None
    return f"did you mean ${{{close}}}?" if close else "write the full path of a value of this config, such as ${seed}"
