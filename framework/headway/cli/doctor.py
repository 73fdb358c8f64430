"""`headway plugins doctor`: what is wrong or slow about each plugin, the environment and the project's store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from headway.plugins import PluginInfo
    from headway.session import Session

SLOW, STUCK = 0.15, 2.0
"""Seconds of work, and seconds altogether, that a plugin may take to import beyond the core."""
HEAVY = ("torch", "lightning", "sklearn", "polars", "pandas", "onnxruntime", "onnx", "matplotlib", "wandb", "optuna",
         "scipy", "numpy", "hydra")  # fmt: skip
"""What a plugin should import inside its functions."""
PROBE = """
import importlib, json, sys, time
from pathlib import Path
import headway.contracts, headway.errors, headway.fields, headway.metrics, headway.stage, headway.plugins
from headway.plugins.manager import open_inline
if sys.argv[2]: open_inline(Path(sys.argv[2]))
before, start, work = set(sys.modules), time.perf_counter(), time.process_time()
importlib.import_module(sys.argv[1])
seconds, work = time.perf_counter() - start, time.process_time() - work
print("\\n" + json.dumps([seconds, work, sorted({name.partition(".")[0] for name in set(sys.modules) - before})]))
"""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: Whether all is well.
        subject: What it is about, such as ``plugin tabular``.
        text: What was found.
    """

    level: Literal["ok", "slow", "bad"]
    subject: str
    text: str


def doctor(session: Session) -> int:
    """Prints the findings; 1 if something is bad."""
    found = [*_environment(), *_plugins(session), *_store(session)]
    width = max(len(finding.subject) for finding in found)
    for finding in found:
        first, *rest = finding.text.splitlines()
        print(f"{finding.level:<4}  {finding.subject:<{width}}  {first}")  # noqa: T201
        for line in rest:
            print(f"{'':<{width + 8}}{line}")  # noqa: T201
    bad = sum(finding.level == "bad" for finding in found)
    slow = sum(finding.level == "slow" for finding in found)
    print(f"\n{len(found)} looked at: {bad} bad, {slow} slow")  # noqa: T201
    return 1 if bad else 0


def _environment() -> Iterator[Finding]:
    """The interpreter, and every requirement of the core beside what is installed."""
    from importlib import metadata

    from packaging.requirements import Requirement

    yield Finding("ok", "python", f"{sys.version.split()[0]} at {sys.prefix}")
    for text in metadata.requires("headway") or ():
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            yield Finding("bad", wanted.name, f"is not installed\npip install '{wanted}'")
            continue
        if not wanted.specifier.contains(version, prereleases=True):
            yield Finding("bad", wanted.name, f"{version} is installed, but headway needs {wanted.specifier}")


def _plugins(session: Session) -> Iterator[Finding]:
    blocked = [name for name in os.environ.get("HEADWAY_BLOCK", "").split(",") if name]
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield from pool.map(lambda info: _plugin(info, session), session.plugins.infos)
    for name in blocked:
        yield Finding("ok", f"plugin {name}", "left out by HEADWAY_BLOCK")


def _plugin(info: PluginInfo, session: Session) -> Finding:
    subject = f"plugin {info.name}"
    if info.error is not None:
        return Finding("bad", subject, f"{info.error.what}\n{info.error.hint}")
    seconds, work, imported = _probe(info, session)
    heavy = [name for name in HEAVY if name in imported]
    origin = f"{info.distribution} {info.version}".strip()
    if heavy or work > SLOW or seconds > STUCK:
        why = f", with {', '.join(heavy)}" if heavy else ""
        return Finding("slow", subject, f"{origin}: importing it takes {seconds:.2f} s{why}\nimport inside functions")
    return Finding("ok", subject, f"{origin}: registers {', '.join(info.names) or 'nothing'}")


def _probe(info: PluginInfo, session: Session) -> tuple[float, float, list[str]]:
    """Seconds, seconds of work, and top-level packages of an import in a process of its own."""
    import json

    folder = str(session.folder / "plugins") if info.distribution == "project" and session.folder else ""
    command = [sys.executable, "-c", PROBE, info.module, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return 0.0, 0.0, []
    seconds, work, imported = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), float(work), list(imported)


def _store(session: Session) -> Iterator[Finding]:
    if session.folder is None:
        yield Finding("ok", "project", "none here: no configs folder in this folder or above it")
        return
    yield Finding("ok", "project", str(session.folder))
    yield _records(session)


def _records(session: Session) -> Finding:
    from headway.errors import HeadwayError
    from headway.store import RunFilter

    try:
        runs = session.records.list(RunFilter(limit=1))
    except HeadwayError as error:
        return Finding("bad", "store", f"{error.what}\n{error.hint}")
    parent = next(folder for folder in (session.store, *session.store.parents) if folder.exists())
    if not os.access(parent, os.W_OK):
        return Finding("bad", "store", f"{session.store} cannot be written\nset HEADWAY_STORE to a folder that can")
    newest = f"the newest run is {runs[0].id}" if runs else "no runs yet"
    return Finding("ok", "store", f"{session.store}: {newest}")
