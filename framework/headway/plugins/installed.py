"""The plugins of installed distributions, as their metadata tell; nothing is imported."""

from __future__ import annotations

from typing import Any

from headway.cached import cached, stamp_of

GROUP = "headway"
"""The entry-point group of plugins."""


def installed() -> list[dict[str, Any]]:
    """One record a plugin, sorted: ``name``, ``module``, ``distribution``, ``version``, ``requires``.

    Reading the metadata of all distributions costs more than loading all plugins; what they said is kept until
    something is installed or removed.
    """
    return list(cached("plugins", "", stamp_of(iter(())), _read))


def _read() -> list[dict[str, Any]]:
    from importlib import metadata

    found: dict[str, dict[str, Any]] = {}
    for point in metadata.entry_points(group=GROUP):
        if point.dist is not None and point.name not in found:
            found[point.name] = {
                "name": point.name,
                "module": point.value,
                "distribution": point.dist.name,
                "version": point.dist.version,
                "requires": list(point.dist.requires or ()),
            }
    return [found[name] for name in sorted(found)]
