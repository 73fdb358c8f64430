"""Where configs are looked for: the project, the config folders of plugins, the registered stages, the base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.object_type import ObjectType
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from headway.config.defaults import TRACKERS
from headway.config.entries import Entry, Flaw, read
from headway.config.origins import Key
from headway.plugins.registry import NODE

if TYPE_CHECKING:
    from headway.plugins import Registry

BASE = Path(__file__).parent / "conf"
PRIMARY = "config"


class Unreadable(Exception):  # noqa: N818 - becomes a fault
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


@dataclass
class _Loaded:
    """A config that was read.

    Attributes:
        result: What Hydra is given.
        entries: Its defaults list.
        flaws: What is wrong with that list.
    """

    result: ConfigResult
    entries: list[Entry] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)


class Repository(ConfigRepository):
    """All config folders in their order; reads each config once.

    Attributes:
        absent: Configs that do not exist or cannot be read, each of which is a fault already.
    """

    def __init__(self, folders: Sequence[Path], registry: Registry) -> None:
        files = [FileConfigSource(str(folder), str(folder)) for folder in folders]
        self.sources = [*files, _Stages(registry), FileConfigSource(str(BASE), str(BASE))]
        self.absent: set[str] = set()
        self._nodes = registry.names(NODE)
        self._loaded: dict[str, _Loaded] = {}
        self._stale: set[str] = set()
        self._dropped: set[tuple[str, Key]] = set()
        self._replacing: set[tuple[str, Key]] = set()

    def load_config(self, config_path: str) -> ConfigResult | None:
        """See Hydra's; raises `Unreadable`."""
        if config_path in self.absent:
            return ConfigResult("absent", "absent://", OmegaConf.create({}), header={"package": None}, defaults_list=[])
        if config_path not in self._loaded or config_path in self._stale:
            source = self._find_object_source(config_path, ObjectType.CONFIG)
            if source is None:
                return None
            try:
                self._loaded[config_path] = self._load(source, config_path)
            except (yaml.YAMLError, OmegaConfBaseException, HydraException, ValueError, OSError) as error:
                raise Unreadable(config_path, error) from error
            self._stale.discard(config_path)
        return self._loaded[config_path].result

    def _load(self, source: ConfigSource, path: str) -> _Loaded:
        result = source.load_config(path)
        if not OmegaConf.is_dict(result.config):
            raise ValueError("a config file holds keys and values, not a list")
        loaded = _Loaded(result)
        result.defaults_list = []
        if "defaults" in result.config:
            node: Any = result.config._get_node("defaults")
            raw = OmegaConf.to_container(node, resolve=False) if OmegaConf.is_config(node) else node._value()
            dropped = {at for config, at in self._dropped if config == path}
            replacing = {at for config, at in self._replacing if config == path}
            loaded.entries = read(raw, loaded.flaws.append, dropped, replacing)
            del result.config["defaults"]
            is_node = path.partition("/")[0] in self._nodes  # its overrides mean the experiment's groups
            items = [(entry.from_top() if is_node else entry).item for entry in loaded.entries]
            result.defaults_list = self._create_defaults_list(path, node if items == raw else OmegaConf.create(items))
        return loaded

    def config_exists(self, config_path: str) -> bool:
        """See Hydra's."""
        return config_path in self.absent or super().config_exists(config_path)

    def file(self, config_path: str) -> Path | None:
        """The file of a config, or None if it is a stage's own option or does not exist."""
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        return Path(source.provider) / f"{config_path}.yaml" if isinstance(source, FileConfigSource) else None

    def flaws(self) -> list[tuple[str, Flaw]]:
        """What is wrong with the defaults lists that were read, each with its config."""
        return [(config, flaw) for config, loaded in self._loaded.items() for flaw in loaded.flaws]

    def entries(self) -> list[tuple[str, Entry]]:
        """The entries of the defaults lists that were read, each with its config, in the order of reading."""
        return [(config, entry) for config, loaded in self._loaded.items() for entry in loaded.entries]

    def entries_of(self, config: str) -> list[Entry]:
        """The entries of one config's defaults list, if it was read."""
        return self._loaded[config].entries if config in self._loaded else []

    def drop(self, config: str, entry: Entry) -> None:
        """Leaves an entry of a defaults list out from now on."""
        self._dropped.add((config, entry.at))
        self._stale.add(config)

    def replace(self, config: str, entry: Entry) -> bool:
        """Takes an entry as an override from now on; false if it is one already."""
        if (config, entry.at) in self._replacing or entry.is_override or isinstance(entry.item, str):
            return False
        self._replacing.add((config, entry.at))
        self._stale.add(config)
        return True
