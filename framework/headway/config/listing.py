"""Hydra's defaults lists, followed to the end: what contradicts itself is told, mended or left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra._internal.defaults_list import Overrides, _create_defaults_list
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from headway.config import overrides as told
from headway.config.entries import CODE, Entry, absolute
from headway.config.grammar import names_of, parse, text_of
from headway.config.origins import Key, Origin
from headway.config.repository import BASE, PRIMARY, Repository, Unreadable
from headway.config.unreadable import unreadable
from headway.errors import ConfigError, HeadwayError, Place
from headway.naming import nearest, unknown
from headway.plugins.registry import NODE

if TYPE_CHECKING:
    from headway.plugins import Plugins

BASE_CHOICES = ("export/onnx", "deployment/package")
"""Choices of the base config: nobody asked for them, so it is no fault if no plugin offers them."""


@dataclass(frozen=True)
class Listing:
    """The files of one composition.

    Attributes:
        items: Hydra's list, in the order of merging: configs with their packages.
        choices: The command line's choices that were followed.
        overrides: What Hydra made of them.
    """

    items: Sequence[Any]
    choices: Sequence[Override]
    overrides: Overrides


class Lister:
    """Follows defaults lists.

    Attributes:
        faults: What was wrong on the way.
        incomplete: Whether something was left out, so that something missing may be its consequence.
    """

    def __init__(self, repository: Repository, plugins: Plugins, project: Path) -> None:
        self._repository = repository
        self._registry = plugins.registry
        self._broken = ", ".join(plugins.broken)
        self._project = project
        self.faults: list[HeadwayError] = []
        self.incomplete = False

    def lose(self, fault: HeadwayError) -> None:
        """Notes a fault that leaves a hole which later checks must not complain about."""
        self.faults.append(fault)
        self.incomplete = True

    def flaws(self) -> Iterator[HeadwayError]:
        """What is wrong with the defaults lists themselves."""
        for config, flaw in self._repository.flaws():
            self.incomplete |= flaw.lost
            where = self._place(config, flaw.at, of_key=flaw.of_key)
            yield HeadwayError(flaw.what, where=where, hint=flaw.hint, code=flaw.code)

    def follow(self, choices: Sequence[Override]) -> Listing:
        """The files that the choices lead to; what does not exist or cannot be read is passed over.

        Raises:
            ConfigError: The lists cannot be followed, and nothing in particular is to blame.
        """
        choices = list(choices)
        while True:
            overrides = Overrides(repo=self._repository, overrides_list=choices)
            try:
                found, _ = _create_defaults_list(
                    self._repository, PRIMARY, overrides, prepend_hydra=False, skip_missing=True
                )
                if not self._added(choices, overrides):
                    return Listing(list(found), choices, overrides)
            except MissingConfigException as error:
                self._missing(error, Listing((), choices, overrides))
            except Unreadable as error:
                self._unreadable(error)
            except (HydraException, OmegaConfBaseException, ValueError, RecursionError, AssertionError) as error:
                self._contradicted(error, choices)

    def _added(self, choices: list[Override], overrides: Overrides) -> bool:
        """Takes a choice for a node of a plugin as an addition if nothing makes one yet; whether there was any.

        The base config has no entry for it, so that an option comes last and its own choices replace an experiment's.
        """
        nodes = [name for name in self._registry.names(NODE) if _is_unused(name, overrides)]
        for name in nodes:
            *_, last = found = [override for override in choices if override.get_key_element() == name]
            choices[:] = [override for override in choices if override not in found]
            choices.append(replace(last, type=OverrideType.ADD))
        return bool(nodes)

    def _unreadable(self, error: Unreadable) -> None:
        self.lose(unreadable(self._repository.file(error.config), error.reason, self._project))
        if error.config == PRIMARY:
            raise ConfigError(self.faults) from error
        self._repository.absent.add(error.config)

    def _contradicted(self, error: Exception, choices: list[Override]) -> None:
        text = " ".join(str(error).split())
        twice = re.match(r"Multiple values for (.+?)\. |(.+?) appears more than once", text)
        handled = (
            self._circle()
            if isinstance(error, RecursionError)
            else self._twice(twice[1] or twice[2], choices)
            if twice
            else self._interpolated(text, choices) or self._nested(text)
        )
        if not handled and not self._left_out(text):
            raise ConfigError([*self.faults, *self.flaws(), told.not_followed(text, map(text_of, choices))]) from error

    def _twice(self, key: str, choices: list[Override]) -> bool:
        """A choice that is made again where it should be replaced: it is taken as if it said so."""
        for index, override in enumerate(choices):
            if override.is_add() and override.get_key_element().lstrip("+") == key:
                self.faults.append(told.chosen_already(text_of(override), key))
                replacing = parse(text_of(override).lstrip("+"))
                choices[index : index + 1] = [replacing] if isinstance(replacing, Override) else []
                return True
        found = [(config, entry) for config, entry in self._entries() if _chooses(config, entry, key)]
        again = [(config, entry) for config, entry in found if config == found[0][0]][-1:]
        for config, entry in again:
            what = f"'{key}' is chosen already"
            hint = f"`- override /{key}: {entry.value}` replaces the choice, at the end of the list"
            self._tell(config, entry, what, hint)
            if not self._repository.replace(config, entry):
                self._repository.drop(config, entry)
                self.incomplete = True
        return bool(again)

    def _entries(self) -> list[tuple[str, Entry]]:
        return [(config, entry) for config, entry in self._repository.entries() if config != PRIMARY]

    def _circle(self) -> bool:
        """A file that builds on itself, through others or not: the entry that closes the circle is left out."""
        steps: dict[str, list[tuple[Entry, str]]] = {}
        for config, entry in self._repository.entries():
            steps.setdefault(config, []).extend((entry, target) for target in entry.targets(config))
        found = next((found for config in steps if (found := _closing(config, steps, ()))), None)
        if found is None:
            return False
        config, entry, way = found
        self._tell(config, entry, "a defaults list leads back to its own file", f"remove the circle: {' → '.join(way)}")
        self._repository.drop(config, entry)
        self.incomplete = True
        return True

    def _interpolated(self, text: str, choices: list[Override]) -> bool:
        """A choice by an interpolation that has no value yet."""
        hint = "an interpolation here names a choice made before, such as ${data}; values come later"
        for index, override in enumerate(choices):
            if "${" in text_of(override):
                self.lose(told.bad_interpolation(text_of(override), _reason(text), hint))
                del choices[index]
                return True
        entries = [(config, entry) for config, entry in self._entries() if "${" in str(entry.item)]
        about = re.search(r"key '(.+?)' not found", text)
        named = [pair for pair in entries if about and about[1] in str(pair[1].item)]
        for config, entry in (named or entries)[:1]:
            self._tell(config, entry, f"{entry.value} cannot be resolved: {_reason(text)}", hint)
            self._repository.drop(config, entry)
            self.incomplete = True
            return True
        return False

    def _nested(self, text: str) -> bool:
        """An override in a file that was itself chosen by an interpolation."""
        found = re.match(r"(\S+): Default List Overrides are not allowed", text)
        for config, entry in self._entries():
            if found and config == found[1] and entry.is_override:
                what = "a file that is chosen by an interpolation overrides no choices"
                self._tell(config, entry, what, "make the choice where the file is chosen")
                self._repository.drop(config, entry)
                self.incomplete = True
                return True
        return False

    def _left_out(self, text: str) -> bool:
        """A file whose list cannot be followed for a reason of Hydra's: it is left out as a whole."""
        named = re.match(r"In '?([^':]+)'?: (.*)", text)
        if not named or named[1] == PRIMARY or named[1] in self._repository.absent:
            return False
        self.lose(HeadwayError(named[2], where=self._place(named[1], ("defaults",), of_key=True), code=CODE))
        self._repository.absent.add(named[1])
        return True

    def _tell(self, config: str, entry: Entry, what: str, hint: str) -> None:
        self.faults.append(HeadwayError(what, where=self._place(config, entry.at, of_key=True), hint=hint, code=CODE))

    def _place(self, config: str, at: Key, *, of_key: bool) -> Place | None:
        file = self._repository.file(config)
        return Origin(file, at).place(self._project, of_key=of_key) if file else None

    def _missing(self, error: MissingConfigException, listing: Listing) -> None:
        path = str(error.missing_cfg_file)
        self._repository.absent.add(path)
        group, _, option = path.rpartition("/")
        parent = str(error).partition("'")[2].partition("'")[0]
        origin = self.choice(group, option, parent, listing)
        if path in BASE_CHOICES and (origin is None or (origin.file and origin.file.parent == BASE)):
            return
        known = self._repository.get_group_options(group) if group else []
        if group in self._registry.stage_kinds():
            extra = f"; plugins that could not be loaded: {self._broken}" if self._broken else ""
        else:
            self.incomplete, extra = True, ""
        hint = self._slash(group, option) or f"write one of them, or add configs/{path}.yaml{extra}"
        where = origin.place(self._project) if origin else None
        self.faults.append(
            HeadwayError(unknown(group or "config", option, known), where=where, hint=hint, code="unknown-option")
        )

    def _slash(self, group: str, option: str) -> str | None:
        """The answer to a group that was meant from the top, but is taken from the file's own folder."""
        _, _, inner = group.partition("/")
        if inner and self._repository.config_exists(f"{inner}/{option}"):
            return f"start the group with a slash, as it is no part of {group.partition('/')[0]}/: `/{inner}`"
        return None

    def chosen(self, item: Any, listing: Listing) -> Origin:
        """The origin of a stage's own option: where it was chosen."""
        group, _, option = str(item.config_path).rpartition("/")
        origin = self.choice(group, option, str(item.parent), listing)
        return origin or Origin(None, text=str(item.config_path), option=True)

    def choice(self, group: str, option: str, parent: str, listing: Listing) -> Origin | None:
        """Where an option was chosen: on the command line, by an ``override``, or in the list of its parent."""
        for override in reversed(listing.choices):
            if override.key_or_group == group and option in names_of(override):
                return Origin(None, text=text_of(override), option=True)
        overrides = listing.overrides
        parents = [
            str(meta.containing_config_path)
            for key, meta in overrides.override_metadata.items()
            if key.partition("@")[0] == group and overrides.override_choices[key] == option
        ]
        path = f"{group}/{option}".lstrip("/")
        entries = [(config, entry) for config in [*parents, parent] for entry in self._repository.entries_of(config)]
        named = [(config, entry) for config, entry in entries if path in entry.targets(config)]
        asked = [(config, entry) for config, entry in entries if "${" in str(entry.value)]
        for config, entry in [*named, *asked][:1]:  # an interpolation may have named it
            return Origin(self._repository.file(config), entry.place_of(option), option=True)
        return None

    def unused(self, listing: Listing) -> None:
        """Tells of overrides and deletions of choices that nothing makes."""
        overrides = listing.overrides
        texts = {override.get_key_element().lstrip("~"): text_of(override) for override in listing.choices}
        for key, meta in overrides.override_metadata.items():
            if meta.used:
                continue
            if meta.external_override:
                self.lose(told.unused_choice(texts[key], key, overrides.override_choices[key]))
            else:
                self.lose(self._unused_entry(key, str(meta.containing_config_path), overrides.known_choices))
        for key, deletion in overrides.deletions.items():
            if not deletion.used:
                self.faults.append(told.unused_deletion(texts[key], key))

    def _unused_entry(self, key: str, config: str, known: Mapping[str, Any]) -> HeadwayError:
        group, folder = key.partition("@")[0], config.rpartition("/")[0]
        entries = self._repository.entries_of(config)
        at: Key = next((e.at for e in entries if absolute(e.key.partition("@")[0], folder) == group), ("defaults",))
        close = nearest(key, known)
        hint = f"did you mean `override /{close}: …`?" if close else f"write `/{key}: …` without `override`"
        return HeadwayError(
            f"nothing chooses a '{key}' yet, so that there is nothing to override",
            where=self._place(config, at, of_key=True),
            hint=hint,
            code="choice",
        )


def _is_unused(key: str, overrides: Overrides) -> bool:
    """Whether the command line chooses for a key, but nothing has made a choice that it would replace."""
    meta = overrides.override_metadata.get(key)
    return meta is not None and meta.external_override and not meta.used


def _chooses(config: str, entry: Entry, key: str) -> bool:
    """Whether an entry chooses the option of a group, such as ``model`` or ``model@teacher``."""
    return not entry.is_override and absolute(entry.key, config.rpartition("/")[0]) == key


def _closing(
    config: str, steps: Mapping[str, list[tuple[Entry, str]]], way: tuple[str, ...]
) -> tuple[str, Entry, tuple[str, ...]] | None:
    """The first entry that leads back to a file on the way to it: its file, the entry, the circle."""
    way = (*way, config)
    for entry, target in steps.get(config, ()):
        if target in way:
            return config, entry, (*way[way.index(target) :], target)
        if target in steps and (found := _closing(target, steps, way)):
            return found
    return None


def _reason(text: str) -> str:
    text = re.sub(r"^\w+ raised while resolving interpolation: ", "", text).strip('"').partition(" full_key")[0]
    return re.sub(r"^Error resolving interpolation '.*?', possible interpolation keys: ", "there are: ", text)
