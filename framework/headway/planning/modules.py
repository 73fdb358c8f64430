"""The source a stage reaches: modules by import or by registered name, transitively, as parsed syntax."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.store import Remembered

CONTRACTS = "headway.contracts"
FOLLOWED = (CONTRACTS, "headway.metrics")
"""Of Headway itself, the packages whose source decides results; its version is in no key."""
NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}")
"""A text that may be a registered name."""


@dataclass(frozen=True)
class Scan:
    """What a set of modules reaches.

    Attributes:
        modules: First-party module name to the hash of its syntax.
        libraries: Top-level names of third-party packages that are imported; two levels for a namespace package,
            such as ``google.protobuf``. Each with a module that imports it.
        files: First-party module name to its file, and the stamp of that when it was read.
    """

    modules: Mapping[str, str]
    libraries: Mapping[str, str]
    files: Mapping[str, tuple[str, str]]


class Scanner:
    """Scans modules; one a session.

    Args:
        roots: First-party top-level package to the folders it may lie in.
        named: Registered name to the modules of what is looked up by it; a module in which the name stands as a text
            of its own reaches them.
        remembered: What was parsed before.

    Attributes:
        files: Module name to file, of all that was scanned.
    """

    def __init__(
        self, roots: Mapping[str, tuple[Path, ...]], named: Mapping[str, Iterable[str]], remembered: Remembered
    ) -> None:
        self._roots = roots
        self._named = named
        self._remembered = remembered
        self._scans: dict[frozenset[str], Scan] = {}
        self._seen: dict[str, tuple[str, tuple[str, ...]] | None] = {}
        self._stamps: dict[str, str] = {}
        self.files: dict[str, Path] = {}

    def scan(self, start: Iterable[str]) -> Scan:
        """Everything that the given modules and `headway.contracts` reach; of Headway, what is `FOLLOWED`."""
        wanted = frozenset(start)
        if wanted not in self._scans:
            self._scans[wanted] = self._scan(sorted(wanted))
        return self._scans[wanted]

    def _scan(self, start: list[str]) -> Scan:
        modules: dict[str, str] = {}
        libraries: dict[str, str] = {}
        waiting = [CONTRACTS, *start]  # the last is scanned first, and named as who imports a library
        while waiting:
            name = waiting.pop()
            if name in modules or (seen := self._look(name)) is None:
                continue
            modules[name], imports = seen
            for imported in imports:
                if imported.partition(".")[0] in self._roots:
                    waiting += self._with_parents(imported)
                elif not imported.startswith("headway.") and imported != "headway":
                    libraries.setdefault(_library(imported), name)
                elif _is_followed(imported):
                    waiting.append(imported)
        kept = {library: name for library, name in libraries.items() if library not in sys.stdlib_module_names}
        return Scan(modules, kept, {name: (str(self.files[name]), self._stamps[name]) for name in modules})

    def _look(self, name: str) -> tuple[str, tuple[str, ...]] | None:
        """The hash of a module's syntax and the modules it imports or names; None if it has no file of ours."""
        if name not in self._seen:
            path = self._file(name)
            self._seen[name] = None
            if path is not None:
                self._stamps[name], parsed = self._remembered.look(path, "source", _parse_file)
                digest, imports, texts = json.loads(parsed)
                named = [module for text in texts for module in self._named.get(text, ())]
                self._seen[name] = digest, (*_absolute(imports, name, path), *named)
                self.files[name] = path
        return self._seen[name]

    def _with_parents(self, name: str) -> list[str]:
        parts = name.split(".")
        return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]

    def _file(self, name: str) -> Path | None:
        top, *rest = name.split(".")
        for folder in self._roots.get(top, ()) if top != "headway" else _headway():
            base = folder.joinpath(*rest)
            for path in (base / "__init__.py", base.with_name(base.name + ".py")):
                if path.is_file() and (rest or path.name == "__init__.py"):
                    return path
        return None


def _is_followed(imported: str) -> bool:
    return any(imported == package or imported.startswith(f"{package}.") for package in FOLLOWED)


def _library(imported: str) -> str:
    top, _, rest = imported.partition(".")
    return f"{top}.{rest.partition('.')[0]}" if rest and _is_namespace(top) else top


@cache
def _is_namespace(top: str) -> bool:
    if top in sys.stdlib_module_names:
        return False
    spec = importlib.util.find_spec(top)
    return spec is not None and spec.origin is None


def _headway() -> tuple[Path, ...]:
    return (Path(__file__).parents[1],)


def syntax_of(path: Path) -> str:
    """The hash of a module's syntax, as it stands in keys."""
    digest: str = json.loads(_parse_file(path))[0]
    return digest


def _parse_file(path: Path) -> str:
    """JSON of [hash of the syntax without docstrings, imported names, texts]; relative imports keep their dots."""
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:  # told by the loader when it is imported; here its bytes will do
        return json.dumps([hashlib.sha256(path.read_bytes()).hexdigest(), [], []])
    imports = sorted(set(_imports(tree)))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [item for item in body if not _is_text(item)]  # type: ignore[attr-defined]
    dump = ast.dump(tree, include_attributes=False)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = sorted(text for text in texts if NAME.fullmatch(text))
    return json.dumps([hashlib.sha256(dump.encode()).hexdigest(), imports, names])


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            joint = "" if base.endswith(".") or not base else "."
            yield from (base, *(f"{base}{joint}{alias.name}" for alias in node.names if alias.name != "*"))
        else:
            yield from _imports(node)


def _absolute(imports: Iterable[str], module: str, path: Path) -> Iterator[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for name in imports:
        if name.startswith("."):
            dots = len(name) - len(name.lstrip("."))
            base = package.split(".")[: len(package.split(".")) - dots + 1]
            yield ".".join([*base, *filter(None, [name.lstrip(".")])])
        else:
            yield name


def package_folders(name: str) -> tuple[Path, ...]:
    """The folders of a top-level package, which is imported already or only located."""
    module = sys.modules.get(name)
    places = list(getattr(module, "__path__", ())) if module else []
    if not places:
        spec = importlib.util.find_spec(name)
        places = list(spec.submodule_search_locations or ()) if spec else []
    return tuple(Path(place) for place in places)
