"""What Hydra's own launcher would understand and Headway answers: where its things are here."""

from __future__ import annotations

import re
from collections.abc import Mapping

HINTS: Mapping[str, str] = {
    "sweeper": "a grid is `headway run -m model=mlp,linear seed=1,2,3`",
    "sweep": "results are kept in .headway/ of the project, or where HEADWAY_STORE says",
    "run": "results are kept in .headway/ of the project, or where HEADWAY_STORE says",
    "output_subdir": "results are kept in .headway/ of the project, or where HEADWAY_STORE says",
    "runtime": "results are kept in .headway/ of the project, or where HEADWAY_STORE says",
    "launcher": "how stages are executed is in `runner`: runner.workers=2",
    "job": "the experiment's name is `name`",
    "job_logging": "logging is Headway's own and needs no config",
    "hydra_logging": "logging is Headway's own and needs no config",
    "searchpath": "configs are found in configs/ of the project and in the config folders of plugins",
    "mode": "`headway run -m` runs a grid",
}
NONE = "leave it out: Headway reads Hydra's configs and overrides, but has no `hydra` node"

FLAGS: Mapping[str, str] = {
    "--config-name": "choose an experiment: experiment=NAME",
    "-cn": "choose an experiment: experiment=NAME",
    "--config-path": "name the project's folder: headway --project FOLDER …",
    "-cp": "name the project's folder: headway --project FOLDER …",
    "--config-dir": "name the project's folder: headway --project FOLDER …",
    "-cd": "name the project's folder: headway --project FOLDER …",
    "--cfg": "`headway config` prints the config",
    "-c": "`headway config` prints the config",
    "--info": "`headway config --origins` says where each value comes from",
    "-i": "`headway config --origins` says where each value comes from",
    "--package": "`headway explain KEY` shows one part of the config",
    "-p": "`headway explain KEY` shows one part of the config",
    "--resolve": "`headway config` prints the config with everything resolved",
    "--multirun": "a grid is `headway run -m …`",
    "-m": "a grid is `headway run -m …`",
    "--run": "`headway run` runs an experiment",
    "--experimental-rerun": "a run's config and overrides are in its record: headway runs show RUN",
}
"""Hydra's flags, and what to write instead."""

RESOLVERS: Mapping[str, str] = {
    "hydra": "there is no `hydra` node; `${name}` and `${seed}` are the experiment's own",
    "now": "a config that holds the time would never be found in the cache; a run's time is in its record",
}
"""Hydra's own resolvers, and what to write instead."""

INSTANTIATE = ("_target_", "_partial_", "_recursive_", "_convert_", "_args_")
"""Keys with which Hydra calls code."""


def group_hint(group: str) -> str | None:
    """What to write instead of a group of Hydra's own, such as ``hydra/sweeper``; None for any other."""
    found = re.match(r"/?hydra/(\w+)", group)
    return HINTS.get(found[1], NONE) if found else None


def key_hint(key: str) -> str | None:
    """What to write instead of a key under ``hydra``; None for any other key."""
    found = re.match(r"[+~]*hydra(?:$|[./@](\w*))", key)
    return HINTS.get(found[1] or "", NONE) if found else None


def flag_hint(word: str) -> str:
    """What to write instead of a word with dashes."""
    name, _, value = word.partition("=")
    if name in FLAGS:
        return FLAGS[name]
    bare = name.lstrip("-")
    if value and re.fullmatch(r"[A-Za-z_][\w./@]*", bare):
        return f"write it without dashes: {bare}={value}"
    return "overrides are key=value; the command's own options are in its --help"
