"""Hydra's defaults lists and override grammar, as a library; the only module that imports hydra.

Hydra's own algorithm says which files make up a config and in what order; merging them is ours, so that
every value keeps its origin and one fault does not hide the next. There is no ``hydra`` node, no
ConfigStore and no global state (docs/decisions/0001).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hydra._internal.config_repository import CachingConfigRepository, ConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.defaults_list import create_defaults_list
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from headway.config.defaults import add_defaults
from headway.config.model import Config
from headway.config.origins import Origin, defaults_place
from headway.config.resolve import resolve
from headway.config.tree import Tree
from headway.errors import ConfigError, HeadwayError, Place, UsageError
from headway.naming import unknown

if TYPE_CHECKING:
    from headway.plugins import Plugins, Registry

BASE = Path(__file__).parent / "conf"
PRIMARY = "config"
BASE_CHOICES = ("export/onnx", "deployment/package")
"""Choices of the base config: nobody asked for them, so it is no fault if no plugin offers them."""


class _Stages(ConfigSource):
    """The registered stages as options of the config groups of their kinds."""

    def __init__(self, registry: Registry) -> None:
        super().__init__("stages", "stages://")
        self._options = {f"{e.kind}/{e.name}": e.name for e in registry if e.is_stage}
        self._groups = {name.partition("/")[0] for name in self._options}

    @staticmethod
    def scheme() -> str:
        return "stages"

    def load_config(self, config_path: str) -> ConfigResult:
        content = OmegaConf.create({"use": self._options[config_path]})
        return ConfigResult(self.provider, "stages://", content, header={"package": None})

    def is_group(self, config_path: str) -> bool:
        return config_path in self._groups

    def is_config(self, config_path: str) -> bool:
        return config_path in self._options

    def available(self) -> bool:
        return True

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        return sorted(n for path, n in self._options.items() if path.startswith(f"{config_path}/"))


class _Repository(ConfigRepository):
    """Looks in the project, then in the plugins' config folders, the stages, and the base."""

    def __init__(self, folders: Sequence[Path], registry: Registry) -> None:
        files = [FileConfigSource(str(folder), str(folder)) for folder in folders]
        self.sources = [*files, _Stages(registry), FileConfigSource("headway", str(BASE))]
        self.absent: set[str] = set()

    def load_config(self, config_path: str) -> ConfigResult | None:
        if config_path in self.absent:
            return ConfigResult("absent", "absent://", OmegaConf.create({}), header={"package": None}, defaults_list=[])
        return super().load_config(config_path)

    def config_exists(self, config_path: str) -> bool:
        return config_path in self.absent or super().config_exists(config_path)

    def file(self, config_path: str) -> Path | None:
        """The file of a config, or None if it is a stage's own option."""
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        return Path(source.path) / f"{config_path}.yaml" if isinstance(source, FileConfigSource) else None


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
    folders = [
        project / "configs",
        *(Path(plugins.registry.get("configs", n)) for n in plugins.registry.names("configs")),
    ]
    composer = _Composer(project, _Repository(folders, plugins.registry), parse(overrides))
    return composer.compose(plugins.registry)


class _Composer:
    def __init__(self, project: Path, repository: _Repository, overrides: Sequence[Override]) -> None:
        self._project = project
        self._repository = repository
        self._cache = CachingConfigRepository(repository)
        self._overrides = list(overrides)
        self._faults: list[HeadwayError] = []
        self._files: dict[str, Path] = {}

    def compose(self, registry: Registry) -> Config:
        tree, kinds = self._merge(PRIMARY, self._overrides, registry)
        for override in self._overrides:
            if not self._is_choice(override):
                self._apply(override, tree)
        options = self._options(tree, registry)
        add_defaults(tree, kinds, registry)
        self._faults += resolve(tree, self._project)
        words = tuple(override.input_line or "" for override in self._overrides)
        return Config(self._project, tree, words, kinds, options, tuple(self._faults))

    def _merge(self, primary: str, overrides: Sequence[Override], registry: Registry) -> tuple[Tree, dict[str, str]]:
        """All files of a composition in Hydra's order, and which group each node was chosen from."""
        tree, kinds, groups = Tree(), {}, set(registry.stage_kinds())
        items = [item for item in self._defaults(primary, overrides) if item.config_path not in self._repository.absent]
        files = {str(item.config_path): self._repository.file(str(item.config_path)) for item in items}
        self._files |= {path: file for path, file in files.items() if file is not None}
        for item in items:
            path, package = str(item.config_path), item.package or ""
            config = self._cache.load_config(path)
            file = files[path]
            group = path.rpartition("/")[0]
            if group in groups and package:
                kinds[package] = group
            origin = Origin(file, option=bool(package)) if file else self._chosen(group, path)
            at = tuple(package.split(".")) if package else ()
            content = OmegaConf.to_container(config.config, resolve=False) if config else {}
            tree.merge(content, at, origin)
        return tree, kinds

    def _chosen(self, group: str, path: str) -> Origin:
        """The origin of a stage's own option: where it was chosen."""
        name = path.rpartition("/")[2]
        for override in self._overrides:
            if override.key_or_group == group and str(override.value()) == name:
                return Origin(None, text=override.input_line or "", option=True)
        place = defaults_place(self._files, group, name)
        return Origin(place.file, place.path, option=True) if place else Origin(None, text=path, option=True)

    def _defaults(self, primary: str, overrides: Sequence[Override]) -> list[Any]:
        """Hydra's list; an option that does not exist is a fault, and is passed over."""
        while True:
            try:
                found = create_defaults_list(
                    self._cache, primary, list(overrides), prepend_hydra=False, skip_missing=True
                )
                return list(found.defaults)
            except MissingConfigException as error:
                missing = error.missing_cfg_file or ""
                if missing in self._repository.absent or missing == PRIMARY:
                    raise ConfigError([*self._faults, self._composition_fault(error)]) from error
                place = self._choice_place(*missing.rsplit("/", 1)) if "/" in missing else None
                if place is not None or missing not in BASE_CHOICES:
                    self._faults.append(self._missing_option(missing, place))
                self._repository.absent.add(missing)
                self._cache = CachingConfigRepository(self._repository)
            except yaml.MarkedYAMLError as error:
                raise ConfigError([*self._faults, self._yaml_fault(error)]) from error
            except (HydraException, OmegaConfBaseException, ValueError) as error:
                raise ConfigError([*self._faults, self._composition_fault(error)]) from error

    def _missing_option(self, path: str, place: Place | None) -> HeadwayError:
        group, _, option = path.rpartition("/")
        known = self._repository.get_group_options(group) if group else []
        return HeadwayError(
            unknown(group or "config", option, known),
            where=place,
            hint=f"write one of them, or add configs/{path}.yaml",
            code="unknown-option",
        )

    def _choice_place(self, group: str, option: str) -> Place | None:
        for override in self._overrides:
            if override.key_or_group == group and str(override.value()) == option:
                return Origin(None, text=override.input_line or "").place(self._project)
        everything = self._files | {str(f): f for f in (self._project / "configs").rglob("*.yaml")}
        origin = defaults_place(_readable(everything), group, option)
        return origin.place(self._project) if origin else None

    def _yaml_fault(self, error: yaml.MarkedYAMLError) -> HeadwayError:
        mark = error.problem_mark or error.context_mark
        place = None
        if mark is not None:
            file = _broken_file([self._project / "configs", BASE])
            text = file.read_text(encoding="utf-8").splitlines() if file else []
            line = text[mark.line] if mark.line < len(text) else ""
            shown = file.relative_to(self._project).as_posix() if file else "a config file"
            place = Place(shown, mark.line + 1, mark.column + 1, line)
        return HeadwayError(f"this is no YAML: {error.problem}", where=place, code="yaml")

    def _composition_fault(self, error: Exception) -> HeadwayError:
        text = " ".join(str(error).split())
        found = re.match(r"In '?([^':]+)'?: (.*)", text)
        file = self._repository.file(found[1]) if found and self._repository.config_exists(found[1]) else None
        what, place = (found[2] if found else text), None
        if file is not None:
            place = Origin(file, ("defaults",)).place(self._project, of_key=True)
        return HeadwayError(what, where=place, hint="the defaults list cannot be followed", code="composition")

    def _is_choice(self, override: Override) -> bool:
        if isinstance(override.value(), dict) or (
            override.is_delete() and override.value() is None and "." in override.key_or_group
        ):
            return False
        return bool(self._repository.group_exists(override.key_or_group))

    def _apply(self, override: Override, tree: Tree) -> None:
        at, text = tuple(override.key_or_group.split(".")), override.input_line or ""
        if not override.is_delete():
            tree.merge(_plain(override), at, Origin(None, text=text))
        elif not tree.delete(at):
            place = Origin(None, text=text).place(self._project, of_key=True)
            self._faults.append(
                HeadwayError(f"there is no {override.key_or_group} to delete", where=place, code="delete")
            )

    def _options(self, tree: Tree, registry: Registry) -> dict[str, Tree]:
        """The options of ``model`` that the baselines name, each from its own files alone."""
        options = {}
        for item in tree.get(("baselines",)) or ():
            name = item if isinstance(item, str) else next(iter(item), "") if isinstance(item, Mapping) else ""
            path = f"model/{name}"
            if not self._repository.config_exists(path):
                continue  # checking tells
            merged, _ = self._merge(path, [], registry)
            options[name] = Tree({"model": merged.get(("model",)) or merged.root})
        return options


def _plain(override: Override) -> Any:
    value = override.value()
    return OmegaConf.to_container(OmegaConf.create({"v": value}), resolve=False)["v"]  # type: ignore[index, call-overload]


def _readable(files: Mapping[str, Path]) -> dict[str, Path]:
    return {name: file for name, file in files.items() if not _is_broken(file)}


def _is_broken(file: Path) -> bool:
    try:
        OmegaConf.load(file)
    except (yaml.YAMLError, OSError, OmegaConfBaseException):
        return True
    return False


def _broken_file(folders: Sequence[Path]) -> Path | None:
    return next((f for folder in folders for f in sorted(folder.rglob("*.yaml")) if _is_broken(f)), None)


def parse(overrides: Sequence[str]) -> list[Override]:
    """Parses overrides; all that cannot be parsed, or that ask for several values, are told at once.

    Raises:
        ConfigError: An override is malformed, or is a sweep.
    """
    parsed, faults = [], []
    for text in overrides:
        override = _parse_one(text)
        if isinstance(override, HeadwayError):
            faults.append(override)
        elif override.is_sweep_override():
            where = Place("command line", None, 1, text, len(text))
            hint = "headway run -m runs one after the other"
            faults.append(HeadwayError(f"{text} asks for several values", where=where, hint=hint, code="sweep"))
        else:
            parsed.append(override)
    if faults:
        raise ConfigError(faults)
    return parsed


def _parse_one(text: str) -> Override | HeadwayError:
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException as error:
        reason = str(error).splitlines()[0]
        where = Place("command line", None, 1, text, max(1, len(text)))
        return HeadwayError(
            f"{text} is no override: {reason}",
            where=where,
            hint="write key=value, quoting what the shell or the grammar would read: 'key=[a,b]'",
            code="override",
        )


def expand(overrides: Sequence[str]) -> list[list[str]]:
    """The grid that comma-separated values, ``choice()`` and ``range()`` ask for; the last varies fastest.

    Raises:
        ConfigError: An override is malformed.
        UsageError: An override asks for an interval, which has no end of values.
    """
    axes = []
    for text in overrides:
        override = _parse_one(text)
        if isinstance(override, HeadwayError):
            raise ConfigError([override])
        axes.append(_values(override, text))
    return [list(words) for words in itertools.product(*axes)]


def _values(override: Override, text: str) -> list[str]:
    if not override.is_sweep_override():
        return [text]
    if override.is_interval_sweep():
        raise UsageError(f"{text}: an interval has no list of values", hint="use choice(…) or range(…)", code="grid")
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]
