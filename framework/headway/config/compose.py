"""Hydra's defaults lists and override grammar, as a library; the only module that imports hydra.

Hydra's own algorithm says which files make up a config and in what order; merging them is ours, so that
every value keeps its origin and one fault does not hide the next. There is no ``hydra`` node, no
ConfigStore and no global state (docs/decisions/0001).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hydra._internal.config_repository import CachingConfigRepository, ConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.defaults_list import Overrides, _create_defaults_list
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException, MissingConfigException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from headway.config import overrides as told
from headway.config.defaults import TRACKERS, add_defaults
from headway.config.model import Config
from headway.config.origins import Origin, defaults_entry
from headway.config.resolve import resolve
from headway.config.tree import Tree
from headway.config.unreadable import not_followed, unreadable
from headway.errors import ConfigError, HeadwayError, UsageError
from headway.naming import nearest, unknown

if TYPE_CHECKING:
    from headway.plugins import Plugins, Registry

BASE = Path(__file__).parent / "conf"
PRIMARY = "config"
BASE_CHOICES = ("export/onnx", "deployment/package")
"""Choices of the base config: nobody asked for them, so it is no fault if no plugin offers them."""


class _Unreadable(Exception):  # noqa: N818 - becomes a fault
    """A config that cannot be loaded, and why."""

    def __init__(self, config: str, reason: Exception) -> None:
        super().__init__(config)
        self.config = config
        self.reason = reason


class _Stages(ConfigSource):
    """The registered stages as options of the config groups of their kinds, and trackers as those of ``trackers``."""

    def __init__(self, registry: Registry) -> None:
        super().__init__("stages", "stages://")
        stages: dict[str, Any] = {f"{e.kind}/{e.name}": {"use": e.name} for e in registry if e.is_stage}
        self._options = stages | {f"{TRACKERS}/{name}": {name: {}} for name in registry.names("tracker")}
        self._groups = {path.partition("/")[0] for path in self._options}

    @staticmethod
    def scheme() -> str:
        return "stages"

    def load_config(self, config_path: str) -> ConfigResult:
        content = OmegaConf.create(self._options[config_path])
        return ConfigResult(self.provider, "stages://", content, header={"package": None})

    def is_group(self, config_path: str) -> bool:
        return config_path in self._groups

    def is_config(self, config_path: str) -> bool:
        return config_path in self._options

    def available(self) -> bool:
        return True

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        return sorted(path.partition("/")[2] for path in self._options if path.startswith(f"{config_path}/"))


class _Repository(ConfigRepository):
    """Looks in the project, then in the plugins' config folders, the stages, and the base."""

    def __init__(self, folders: Sequence[Path], registry: Registry) -> None:
        files = [FileConfigSource(str(folder), str(folder)) for folder in folders]
        self.sources = [*files, _Stages(registry), FileConfigSource(str(BASE), str(BASE))]
        self.absent: set[str] = set()

    def load_config(self, config_path: str) -> ConfigResult | None:
        if config_path in self.absent:
            return ConfigResult("absent", "absent://", OmegaConf.create({}), header={"package": None}, defaults_list=[])
        try:
            result = super().load_config(config_path)
            if result is not None and not OmegaConf.is_dict(result.config):
                raise ValueError("a config file holds keys and values, not a list")
        except (yaml.YAMLError, OmegaConfBaseException, HydraException, ValueError, OSError) as error:
            raise _Unreadable(config_path, error) from error
        return result

    def config_exists(self, config_path: str) -> bool:
        return config_path in self.absent or super().config_exists(config_path)

    def file(self, config_path: str) -> Path | None:
        """The file of a config, or None if it is a stage's own option or does not exist."""
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        return Path(source.provider) / f"{config_path}.yaml" if isinstance(source, FileConfigSource) else None


def compose(project: Path, overrides: Sequence[str], plugins: Plugins) -> Config:
    """Composes a config from files, choices and values.

    Args:
        project: The project's folder, with ``configs/`` in it.
        overrides: Choices and values in Hydra's override grammar.
        plugins: Their stages are options, and their config folders are searched.

    Returns:
        The resolved config; faults that left something to check are in it.

    Raises:
        ConfigError: Nothing could be composed.
    """
    registry = plugins.registry
    folders = [project / "configs", *(Path(registry.get("configs", name)) for name in registry.names("configs"))]
    return _Composer(project, _Repository(folders, registry), plugins).compose(overrides)


class _Composer:
    def __init__(self, project: Path, repository: _Repository, plugins: Plugins) -> None:
        self._project = project
        self._repository = repository
        self._registry = plugins.registry
        self._broken = tuple(plugins.broken)
        self._faults: list[HeadwayError] = []
        self._incomplete = False

    def compose(self, words: Sequence[str]) -> Config:
        choices, values = self._parse(words)
        tree, kinds = self._merged(choices)
        deletions = [override for override in values if not self._apply(override, tree)]
        options = self._options(tree)
        add_defaults(tree, kinds, self._registry)
        for override in deletions:
            if tree.get(_path(override)) is None:  # deleting a default leaves the default, as without it
                self._faults.append(told.unused_deletion(_text(override), override.key_or_group))
        unresolved = resolve(tree, self._project)
        self._faults += unresolved.values()
        options = {name: option for name, option in options.items() if self._is_resolved(option, tree)}
        faults, lost = tuple(self._faults), frozenset(unresolved)
        return Config(self._project, tree, tuple(words), kinds, options, faults, lost, self._incomplete)

    def _is_resolved(self, option: Tree, tree: Tree) -> bool:
        """Fills in an option's defaults and interpolations; false if one of those has no value."""
        add_defaults(option, {}, self._registry)
        faults = resolve(option, self._project, tree.root).values()
        for fault in faults:
            self._lose(fault)
        return not faults

    def _parse(self, words: Sequence[str]) -> tuple[list[Override], list[Override]]:
        """Choices of options, and values; an override that is neither is a fault."""
        choices, values = [], []
        for text in words:
            override = parse_one(text)
            if isinstance(override, HeadwayError):
                self._lose(override)
            elif not self._is_choice(override):
                values.append(override)
            elif _is_named(override):
                choices.append(override)
            else:
                self._lose(told.bad_choice(text, override.get_key_element().lstrip("+~"), override.value()))
        return choices, values

    def _lose(self, fault: HeadwayError) -> None:
        """Notes a fault that leaves a hole which later checks must not complain about."""
        self._faults.append(fault)
        self._incomplete = True

    def _is_choice(self, override: Override) -> bool:
        return not isinstance(override.value(), dict) and bool(self._repository.group_exists(override.key_or_group))

    def _merged(self, choices: Sequence[Override]) -> tuple[Tree, dict[str, str]]:
        """All files of a composition in Hydra's order, and which group each node was chosen from."""
        tree, kinds, groups = Tree(), {}, set(self._registry.stage_kinds())
        items, overrides, repository = self._defaults(choices)
        self._unused(choices, overrides)
        for item in items:
            path, package = str(item.config_path), item.package or ""
            if path in self._repository.absent:
                continue
            loaded: Any = repository.load_config(path)
            file = self._repository.file(path)
            group = path.partition("/")[0]
            if group in groups and package and "." not in package:
                kinds[package] = group
            origin = Origin(file, option=bool(package)) if file else self._chosen(item, choices, overrides)
            content: Any = OmegaConf.to_container(loaded.config, resolve=False)
            tree.merge(content, tuple(package.split(".")) if package else (), origin)
        return tree, kinds

    def _defaults(self, choices: Sequence[Override]) -> tuple[list[Any], Overrides, CachingConfigRepository]:
        """Hydra's list; a config that does not exist or cannot be read is a fault, and is passed over."""
        while True:
            repository = CachingConfigRepository(self._repository)
            overrides = Overrides(repo=repository, overrides_list=list(choices))
            try:
                found, _ = _create_defaults_list(repository, PRIMARY, overrides, prepend_hydra=False, skip_missing=True)
                return list(found), overrides, repository
            except MissingConfigException as error:
                self._missing(error, choices, overrides)
            except _Unreadable as error:
                self._lose(unreadable(self._repository.file(error.config), error.reason, self._project))
                if error.config == PRIMARY:
                    raise ConfigError(self._faults) from error
                self._repository.absent.add(error.config)
            except (HydraException, OmegaConfBaseException, ValueError, RecursionError) as error:
                read = [key.removeprefix("config_path=") for key in repository.cache]
                files = {config: file for config in read if (file := self._repository.file(config))}
                fault = not_followed(error, files, [_text(choice) for choice in choices], self._project)
                raise ConfigError([*self._faults, fault]) from error

    def _missing(self, error: MissingConfigException, choices: Sequence[Override], overrides: Overrides) -> None:
        path = str(error.missing_cfg_file)
        self._repository.absent.add(path)
        group, _, option = path.rpartition("/")
        parent = str(error).partition("'")[2].partition("'")[0]
        origin = self._choice(group, option, parent, choices, overrides)
        if path in BASE_CHOICES and (origin is None or (origin.file and origin.file.parent == BASE)):
            return
        known = self._repository.get_group_options(group) if group else []
        hint = f"write one of them, or add configs/{path}.yaml"
        if group in self._registry.stage_kinds():
            hint += f"; plugins that could not be loaded: {', '.join(self._broken)}" if self._broken else ""
        else:
            self._incomplete = True
        where = origin.place(self._project) if origin else None
        self._faults.append(
            HeadwayError(unknown(group or "config", option, known), where=where, hint=hint, code="unknown-option")
        )

    def _chosen(self, item: Any, choices: Sequence[Override], overrides: Overrides) -> Origin:
        """The origin of a stage's own option: where it was chosen."""
        group, _, option = str(item.config_path).rpartition("/")
        origin = self._choice(group, option, str(item.parent), choices, overrides)
        return origin or Origin(None, text=str(item.config_path), option=True)

    def _choice(
        self, group: str, option: str, parent: str, choices: Sequence[Override], overrides: Overrides
    ) -> Origin | None:
        """Where an option was chosen: on the command line, by an ``override``, or in the list of its parent."""
        for override in reversed(choices):
            if override.key_or_group == group and option in _names(override):
                return Origin(None, text=_text(override), option=True)
        parents = [
            str(meta.containing_config_path)
            for key, meta in overrides.override_metadata.items()
            if key.partition("@")[0] == group and overrides.override_choices[key] == option
        ]
        for config in [*parents, parent]:
            file = self._repository.file(config)
            entry = defaults_entry(file, config, f"{group}/{option}".lstrip("/")) if file else None
            if entry is not None:
                return entry
        return None

    def _unused(self, choices: Sequence[Override], overrides: Overrides) -> None:
        """Overrides and deletions of choices that nothing makes."""
        texts = {override.get_key_element().lstrip("~"): _text(override) for override in choices}
        for key, meta in overrides.override_metadata.items():
            if meta.used:
                continue
            if meta.external_override:
                self._lose(told.unused_choice(texts[key], key, overrides.override_choices[key]))
            else:
                self._lose(self._unused_entry(key, str(meta.containing_config_path), overrides))
        for key, deletion in overrides.deletions.items():
            if not deletion.used:
                self._faults.append(told.unused_deletion(texts[key], key))

    def _unused_entry(self, key: str, config: str, overrides: Overrides) -> HeadwayError:
        file = self._repository.file(config)
        entry = defaults_entry(file, config, key.partition("@")[0]) if file else None
        close = nearest(key, overrides.known_choices)
        hint = f"did you mean `override /{close}: …`?" if close else f"write `/{key}: …` without `override`"
        return HeadwayError(
            f"nothing chooses a '{key}' yet, so that there is nothing to override",
            where=entry.place(self._project, of_key=True) if entry else None,
            hint=hint,
            code="choice",
        )

    def _apply(self, override: Override, tree: Tree) -> bool:
        """Lays one value over the tree; false if it deletes what is not there."""
        origin = Origin(None, text=_text(override))
        if override.is_delete():
            return tree.delete(_path(override), origin)
        try:
            tree.merge(override.value(), _path(override), origin)
        except LookupError:
            self._faults.append(told.no_item(_text(override), override.key_or_group))
        return True

    def _options(self, tree: Tree) -> dict[str, Tree]:
        """The options of ``model`` that the baselines name, each composed from its own files alone."""
        options = {}
        baselines = tree.get(("baselines",))
        for item in baselines if isinstance(baselines, list) else ():
            name = next(iter(item), "") if isinstance(item, Mapping) else str(item)
            if not name or "'" in name or not self._repository.config_exists(f"model/{name}"):
                continue  # checking tells
            options[name] = self._option(name)
        return options

    def _option(self, name: str) -> Tree:
        if self._repository.file(f"model/{name}") is None:  # a stage's own: Hydra's algorithm has nothing to add
            return Tree({"model": {"use": name}})
        merged, _ = self._merged([OverridesParser.create().parse_override(f"model='{name}'")])
        origins = {at: origin for at, origin in merged.origins.items() if at[0] == "model"}
        return Tree({"model": merged.get(("model",))}, origins)


def _path(override: Override) -> tuple[str, ...]:
    return tuple(override.key_or_group.split("."))


def _text(override: Override) -> str:
    return str(override.input_line)


def _names(override: Override) -> list[Any]:
    value = override.value()
    return value if isinstance(value, list) else [value]


def _is_named(override: Override) -> bool:
    """Whether a choice names options, or takes a choice back."""
    if override.is_delete():
        return override.value() is None or isinstance(override.value(), str)
    names = _names(override)
    return (
        bool(override.key_or_group and names) and all(isinstance(n, str) for n in names) and not override.is_force_add()
    )


def parse_one(text: str) -> Override | HeadwayError:
    """One override of one value, or what is wrong with it."""
    override = _parsed(text)
    if isinstance(override, Override) and override.is_sweep_override():
        return told.several_values(text)
    return override


def _parsed(text: str) -> Override | HeadwayError:
    try:
        override = OverridesParser.create().parse_override(text)
    except HydraException as error:
        return told.bad_override(text, str(error).splitlines()[0])
    if not all(override.key_or_group.split(".")):
        return told.bad_override(text, "it names no key")
    return override


def expand(overrides: Sequence[str]) -> list[list[str]]:
    """The grid that comma-separated values, ``choice()`` and ``range()`` ask for; the last varies fastest.

    Raises:
        ConfigError: Overrides are malformed.
        UsageError: An override asks for an interval or a pattern, which are no list of values.
    """
    parsed = [_parsed(text) for text in overrides]
    faults = [override for override in parsed if isinstance(override, HeadwayError)]
    if faults:
        raise ConfigError(faults)
    axes = [_values(override) for override in parsed if isinstance(override, Override)]
    return [list(words) for words in itertools.product(*axes)]


def _values(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [_text(override)]
    if override.value_type in (ValueType.INTERVAL_SWEEP, ValueType.GLOB_CHOICE_SWEEP):
        what = f"{_text(override)}: this is no list of values"
        raise UsageError(what, hint="write them out, or use choice(…) or range(…)", code="grid")
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]
