"""From files and overrides to one resolved config.

Hydra's own algorithm says which files make up a config and in what order (`headway.config.listing`); merging
them is ours, so that every value keeps its origin and one fault does not hide the next. There is no ``hydra``
node, no ConfigStore and no global state (docs/decisions/0001).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from headway.config import overrides as told
from headway.config.drafts import Draft
from headway.config.grammar import is_named, parse, path_of, text_of
from headway.config.listing import Lister
from headway.config.model import Config
from headway.config.origins import Origin
from headway.config.repository import Repository
from headway.config.tree import Tree, models_in
from headway.errors import HeadwayError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

    from headway.plugins import Plugins


Memory = dict[tuple[str, ...], tuple[Tree, dict[str, str]]]
"""Choices of options → what their files come to, and which group each node was chosen from."""


def compose(project: Path, overrides: Sequence[str], plugins: Plugins, memory: Memory | None = None) -> Config:
    """Composes a config from files, choices and values.

    Args:
        project: The project's folder, with ``configs/`` in it.
        overrides: Choices and values in Hydra's override grammar.
        plugins: Their stages are options, and their config folders are searched.
        memory: Kept from one config of a grid to the next, as those that make the same choices read the same files.

    Returns:
        The resolved config; faults that left something to check are in it.

    Raises:
        ConfigError: Nothing could be composed.
    """
    return draft(project, overrides, plugins, memory).finished(project, overrides, plugins)


def draft(project: Path, overrides: Sequence[str], plugins: Plugins, memory: Memory | None = None) -> Draft:
    """What files, choices and values come to, as `compose` begins; see there."""
    return _Composer(project, _repository(project, plugins), plugins, {} if memory is None else memory).draft(overrides)


def options(project: Path, group: str, plugins: Plugins) -> list[str]:
    """The options of a config group, registered stages included; none if there is no such group."""
    return list(_repository(project, plugins).get_group_options(group))


def _repository(project: Path, plugins: Plugins) -> Repository:
    registry = plugins.registry
    folders = [project / "configs", *(Path(registry.get("configs", name)) for name in registry.names("configs"))]
    return Repository(folders, registry)


class _Composer:
    def __init__(self, project: Path, repository: Repository, plugins: Plugins, memory: Memory) -> None:
        self._memory = memory
        self._repository = repository
        self._registry = plugins.registry
        self._lister = Lister(repository, plugins, project)
        self._faults = self._lister.faults

    def draft(self, words: Sequence[str]) -> Draft:
        choices, values = self._parse(words)
        tree, kinds = self._merged(choices)
        deletions = [(path_of(each), text_of(each)) for each in values if not self._apply(each, tree)]
        options = self._options(tree)
        faults = [*self._faults, *self._lister.flaws()]
        asked = [*map(text_of, choices), *(str(entry.item) for _, entry in self._repository.entries())]
        lasts = not any("${" in text for text in asked)
        return Draft(tree, kinds, options, faults, self._lister.incomplete, deletions, lasts)

    def _parse(self, words: Sequence[str]) -> tuple[list[Override], list[Override]]:
        """Choices of options, and values; an override that is neither is a fault."""
        choices, values = [], []
        for text in told.joined(words):
            override = parse(text)
            if isinstance(override, HeadwayError):
                # what was meant for Hydra's launcher leaves no hole in the config
                (self._faults.append if override.code in ("hydra", "flag") else self._lister.lose)(override)
            elif not self._is_choice(override):
                values.append(override)
            elif is_named(override):
                choices.append(override)
            else:
                group = override.key_or_group
                known = self._repository.get_group_options(group)
                self._lister.lose(told.bad_choice(text, group, override.value(), known))
        return choices, values

    def _is_choice(self, override: Override) -> bool:
        return not isinstance(override.value(), dict) and bool(self._repository.group_exists(override.key_or_group))

    def _merged(self, choices: Sequence[Override]) -> tuple[Tree, dict[str, str]]:
        """What the choices come to; remembered unless something is wrong with them."""
        key = tuple(map(text_of, choices))
        if key not in self._memory:
            made = self._read(choices)
            if self._faults or any(self._repository.flaws()):
                return made
            self._memory[key] = made
        tree, kinds = self._memory[key]
        return tree.copy(), dict(kinds)

    def _read(self, choices: Sequence[Override]) -> tuple[Tree, dict[str, str]]:
        """All files of a composition in Hydra's order, and which group each node was chosen from."""
        tree, kinds, groups = Tree(), {}, set(self._registry.stage_kinds())
        listing = self._lister.follow(choices)
        self._lister.unused(listing)
        for item in listing.items:
            path, package = str(item.config_path), item.package or ""
            if path in self._repository.absent:
                continue
            loaded: Any = self._repository.load_config(path)
            file = self._repository.file(path)
            group = path.partition("/")[0]
            if group in groups and package and "." not in package:
                kinds[package] = group
            origin = Origin(file, option=bool(package)) if file else self._lister.chosen(item, listing)
            content: Any = OmegaConf.to_container(loaded.config, resolve=False)
            tree.merge(content, tuple(package.split(".")) if package else (), origin)
        return tree, kinds

    def _apply(self, override: Override, tree: Tree) -> bool:
        """Lays one value over the tree; false if it deletes what is not there."""
        origin = Origin(None, text=text_of(override))
        if override.is_delete():
            return self._delete(override, tree, origin)
        try:
            tree.merge(override.value(), path_of(override), origin)
        except LookupError:
            self._faults.append(told.no_item(text_of(override), override.key_or_group))
        return True

    def _delete(self, override: Override, tree: Tree, origin: Origin) -> bool:
        path, value = path_of(override), override.value()
        there = tree.get(path)
        is_known = there is not None and "${" not in str(there)  # what it refers to may still change
        if value is not None and is_known and value != there:
            self._faults.append(told.other_value(text_of(override), override.key_or_group))
            return True
        return tree.delete(path, origin)

    def _options(self, tree: Tree) -> dict[str, Tree]:
        """The options of ``model`` that lists of models name, each composed from its own files alone."""
        options = {}
        for _, item in models_in(tree.root):
            name = next(iter(item), "") if isinstance(item, Mapping) else str(item)
            if not name or "'" in name or not self._repository.config_exists(f"model/{name}"):
                continue  # checking tells
            options[name] = self._option(name)
        return options

    def _option(self, name: str) -> Tree:
        if self._repository.file(f"model/{name}") is None:  # a stage's own: Hydra's algorithm has nothing to add
            return Tree({"model": {"use": name}})
        choice = parse(f"model='{name}'")
        merged, _ = self._merged([] if isinstance(choice, HeadwayError) else [choice])
        origins = {at: origin for at, origin in merged.origins.items() if at[0] == "model"}
        return Tree({"model": merged.get(("model",))}, origins)
