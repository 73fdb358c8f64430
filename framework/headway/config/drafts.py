"""A config before defaults and interpolations: what files, choices and values come to.

A draft depends on nothing but the words, the config files and the registered names, so it is kept from one command to
the next: a command that is repeated needs no Hydra.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.cached import Kept, stamp_of, times
from headway.config import overrides as told
from headway.config.defaults import add_defaults, add_nodes
from headway.config.model import Config
from headway.config.origins import Key, Origin
from headway.config.resolve import resolve
from headway.config.tree import Tree
from headway.errors import HeadwayError

if TYPE_CHECKING:
    from headway.plugins import Plugins

YOUNG = 2.0
"""Seconds for which a file is not trusted to have been written for the last time."""
MOST = 16
"""How many drafts are kept for a project."""


@dataclass
class Draft:
    """A config that is not finished.

    Attributes:
        tree: The merged values.
        kinds: Node name to the config group it was chosen from.
        options: Option name of ``model`` to its values, for the baselines and the members of ensembles.
        faults: What was wrong so far.
        incomplete: Whether a fault left out files or choices.
        deletions: Deletions of what only defaults may bring: the path and the words.
        lasts: Whether it depends on nothing else, such as a choice by ``${oc.env:…}`` does.
    """

    tree: Tree
    kinds: dict[str, str]
    options: dict[str, Tree]
    faults: list[HeadwayError] = field(default_factory=list)
    incomplete: bool = False
    deletions: Sequence[tuple[Key, str]] = ()
    lasts: bool = True

    def finished(self, project: Path, words: Sequence[str], plugins: Plugins) -> Config:
        """The config, with defaults and interpolations; the draft is used up."""
        registry = plugins.registry
        unsaid = add_nodes(self.tree, registry)
        add_defaults(self.tree, self.kinds, registry)
        for path, text in self.deletions:
            if self.tree.get(path) is None:  # deleting a default leaves the default, as without it
                self.faults.append(told.unused_deletion(text, ".".join(map(str, path))))
        unresolved = resolve(self.tree, project)
        self.faults += unresolved.values()
        options = {}
        for name, option in self.options.items():
            add_defaults(option, {}, registry)
            broken = resolve(option, project, self.tree.root)
            self.faults += broken.values()
            self.incomplete |= bool(broken)
            if not broken:
                options[name] = option
        faults, lost = tuple(self.faults), frozenset(unresolved)
        return Config(project, self.tree, tuple(words), self.kinds, options, faults, lost, self.incomplete, unsaid)

    def to_json(self) -> str | None:
        """The draft as text; None if it does not last, has faults, or values that JSON would change."""
        if self.faults or self.deletions or self.incomplete or not self.lasts:
            return None
        options = {name: _plain(option) for name, option in self.options.items()}
        content = [_plain(self.tree), self.kinds, options]
        try:
            text = json.dumps(content)
        except (TypeError, ValueError):
            return None
        return text if json.loads(text) == content else None

    @classmethod
    def from_json(cls, text: str) -> Draft:
        """Reads what `to_json` gave; histories are not kept."""
        tree, kinds, options = json.loads(text)
        return cls(_tree(tree), kinds, {name: _tree(option) for name, option in options.items()})


def _plain(tree: Tree) -> list[Any]:
    origins = [[list(at), str(o.file or ""), list(o.path), o.text, o.option] for at, o in tree.origins.items()]
    return [tree.root, origins]


def _tree(plain: list[Any]) -> Tree:
    root, origins = plain
    found = {
        tuple(at): Origin(Path(file) if file else None, tuple(path), text, option)
        for at, file, path, text, option in origins
    }
    return Tree(root, found)


class Drafts:
    """The drafts of a project, kept from one command to the next.

    Args:
        project: The project's folder.
        plugins: Their config folders are watched, and the names they register.
    """

    def __init__(self, project: Path, plugins: Plugins) -> None:
        self._project = project
        self._memory = Kept("drafts", str(project), MOST)
        registry = plugins.registry
        self._folders = [project / "configs", *(Path(registry.get("configs", n)) for n in registry.names("configs"))]
        self._names = [f"{entry.kind}/{entry.name}" for entry in registry]

    def recall(self, words: Sequence[str]) -> Draft | None:
        """The draft of these words, if no config file has changed since."""
        found = self._memory.read("\0".join(words))
        if found is None or found["stamp"] != self._stamp():
            return None
        return Draft.from_json(found["draft"])

    def keep(self, words: Sequence[str], text: str) -> None:
        """Keeps a draft, unless a config file is so young that it may be written again within its time stamp."""
        newest = max((status.st_mtime for _, status in self._files()), default=0.0)
        if abs(time.time() - newest) > YOUNG:
            self._memory.write("\0".join(words), {"stamp": self._stamp(), "draft": text})

    def _stamp(self) -> str:
        files = (f"{path} {s.st_mtime_ns} {s.st_size} {s.st_ino}" for path, s in self._files())
        return stamp_of(iter([*self._names, *map(str, self._folders), *files, *times(str(Path(__file__).parent))]))

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        for folder in self._folders:
            for parent, _, names in os.walk(folder, followlinks=True):
                for path in sorted(Path(parent, name) for name in names if name.endswith((".yaml", ".yml"))):
                    if path.exists():
                        yield str(path), path.stat()
