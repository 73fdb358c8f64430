"""The best configuration as an experiment of its own: ``headway run experiment=adult_best``."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headway import DataError
from headway.errors import HeadwayError
from headway.sweeping import Node, Value, Word, read_word

from headway_optuna.space.grammar import Misuse, plain
from headway_optuna.texts import figure, one_line
from headway_optuna.trial import Study, Trial

EXPERIMENT = "experiment"
LEFT_OUT = ("sweep",)
"""Top-level nodes that say how to search, not what was found."""


def save_best(project: Path, study: Study, text: str) -> Path:
    """Writes ``configs/experiment/NAME_best.yaml``, NAME being the study's.

    Args:
        project: The project's folder.
        study: The study.
        text: What `experiment_text` gave.

    Raises:
        DataError: There is another file of that name.
    """
    path = project / "configs" / EXPERIMENT / f"{study.name}_best.yaml"
    if path.exists():
        if path.read_text(encoding="utf-8") == text:
            return path
        where = path.relative_to(project).as_posix()
        hint = "remove or rename it, or name the study: sweep.name=…"
        raise DataError(f"{where} exists, and holds something else", hint=hint, code="best-exists")
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)
    return path


def experiment_text(
    study: Study,
    trial: Trial,
    words: Sequence[str],
    is_group: Callable[[str], bool],
    resolved: Mapping[str, Any],
    chosen: Container[str] = (),
) -> str:
    """The file that composes to a trial's config.

    Args:
        study: Named in the comment, with the trial and its values.
        trial: The trial.
        words: All overrides that make its config, in Hydra's grammar, those of the command first; secrets as ``***``.
        is_group: Whether a key, such as ``model`` or ``experiment``, is a group of config files.
        resolved: The trial's resolved config: a word that changes one item of a list is written as the whole list.
        chosen: Those of ``LEFT_OUT`` of which a file of the trial's config chooses an option itself.

    Raises:
        DataError: A word cannot be said in a file.
    """
    file = _File(resolved, chosen)
    for word in words:
        file.take(word, is_group)
    for word in file.deleted.values():
        hint = "leave the value out of the experiment's own file"
        raise DataError(f"{word} deletes a value, which a file cannot say", hint=hint, code="best-deletes")
    found = ", ".join(f"{m} {figure(v)}" for m, v in zip(study.objectives, trial.values, strict=False))
    command = f"headway run {EXPERIMENT}={study.name}_best"
    says = one_line(f"# Trial {trial.number} of the study {study.name}: {found}".removesuffix(": "))
    return "\n".join(["# @package _global_", f"{says}      {command}", *file.lines(), ""])


@dataclass
class _File:
    resolved: Mapping[str, Any]
    chosen: Container[str] = ()
    base: list[str] = field(default_factory=list)
    added: dict[str, Any] = field(default_factory=dict)
    replaced: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    deleted: dict[str, str] = field(default_factory=dict)
    """Keys that were taken away and not set again; a mapping that replaces another is first taken away."""

    def take(self, text: str, is_group: Callable[[str], bool]) -> None:
        word, value = _parsed(text)
        group, _, package = word.key.partition("@")
        if not isinstance(value, dict) and is_group(group):
            self._choose(word, group, package, value)
        elif group.partition(".")[0] in LEFT_OUT:
            return
        elif word.prefix == "~":
            self._drop(group.split("."))
            self.deleted[group] = text
        else:
            self.deleted.pop(group, None)
            self._set(group.split("."), value)

    def _choose(self, word: Word, group: str, package: str, value: Any) -> None:
        if group == EXPERIMENT and word.prefix != "~":
            self.base = [value] if isinstance(value, str) else list(value or ())
            return
        key = f"/{group}@{package}" if package else f"/{group}"
        if word.prefix == "+" or (group in LEFT_OUT and group not in self.chosen and word.prefix != "~"):
            self.added[key] = value
        else:
            self.replaced[key] = None if word.prefix == "~" else value

    def _drop(self, path: Sequence[str]) -> None:
        node = _at(self.values, path[:-1])
        if isinstance(node, dict):
            node.pop(path[-1], None)

    def _set(self, path: Sequence[str], value: Any) -> None:
        """Lays a value over those before it, as composing does: mappings merge, all else replaces."""
        at = next((n for n in range(1, len(path)) if isinstance(_at(self.resolved, path[:n]), list)), None)
        if at is not None:
            path, value = path[:at], _at(self.resolved, path[:at])
        node = self.values
        for key in path[:-1]:
            if not isinstance(node.get(key), dict):
                node[key] = {}
            node = node[key]
        node[path[-1]] = _laid(node.get(path[-1]), value)

    def lines(self) -> Iterator[str]:
        """The YAML document."""
        choices = [*map(written, self.base), *self.added.items(), "_self_"]
        choices += [(f"override {key}", value) for key, value in self.replaced.items()]
        if choices != ["_self_"]:
            yield "defaults:"
            for choice in choices:
                yield f"  - {choice}" if isinstance(choice, str) else f"  - {choice[0]}: {written(choice[1])}"
            yield ""
        yield from _block(self.values, "")


def _parsed(text: str) -> tuple[Word, Any]:
    try:
        word = read_word(text)
        value = _value(word.value)
    except (HeadwayError, Misuse) as error:
        raise DataError(f"{text} is no override", code="override") from error
    if value == "***":
        hint = "give it by the environment: ${oc.env:NAME}"
        raise DataError(f"{word.key} is a secret, which no file is to hold", hint=hint, code="secret")
    return word, value


def _value(node: Node | None) -> Any:
    if node is None:
        return None
    is_float = isinstance(node, Value) and isinstance(node.value, float)  # infinity among them
    return node.value if is_float else plain(node)


def _at(root: Any, path: Sequence[str]) -> Any:
    for key in path:
        root = root.get(key) if isinstance(root, Mapping) else None
    return root


def _laid(under: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        return deepcopy(value)
    node = dict(under) if isinstance(under, dict) else {}
    for key, item in value.items():
        node[str(key)] = _laid(node.get(str(key)), item)
    return node


def _block(node: Mapping[str, Any], pad: str) -> Iterator[str]:
    for key, value in node.items():
        if isinstance(value, Mapping) and value:
            yield f"{pad}{written(key)}:"
            yield from _block(value, f"{pad}  ")
        else:
            yield f"{pad}{written(key)}: {written(value)}"


def written(value: Any) -> str:
    """A value in YAML, on one line, that 1.1 and 1.2 read back as the same: equal to the last bit, text as text."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{written(key)}: {written(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = repr(value)
    return text.replace("e", ".0e") if "." not in text else text  # 1e-05 is text in YAML 1.1


def _text(text: str) -> str:
    """Text, in quotes unless it cannot be meant otherwise."""
    import yaml

    is_plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./-]*", text) and text.lower() not in ("y", "n")
    if is_plain and yaml.safe_load(text) == text:
        return text
    return yaml.safe_dump(text, default_style='"', width=math.inf, allow_unicode=True).rstrip("\n")
