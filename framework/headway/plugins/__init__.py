"""Plugins: found, verified, and asked what they offer."""

from __future__ import annotations

from headway.plugins.manager import PluginInfo, Plugins, blocked, load
from headway.plugins.registry import Entry, Registry

__all__ = ["Entry", "PluginInfo", "Plugins", "Registry", "blocked", "load"]
