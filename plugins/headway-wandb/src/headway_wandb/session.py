"""How a run of the library is started: quietly, without a prompt, and never dependent on the server."""

from __future__ import annotations

import os
import socket
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from headway.tracker import TrackedRun

if TYPE_CHECKING:
    import wandb

    from headway_wandb.tracker import Wandb

REACH = 5.0
"""Seconds that a server has to accept a connection."""
FLUSH = 1.0
"""Seconds between writes of the library's log: what a kill can lose."""


def start(tracker: Wandb, run: TrackedRun) -> wandb.Run:
    """Starts a run of the library under the id of the first attempt; offline if the server can't be used.

    Raises:
        wandb.Error: The server knows the key but refuses the run.
    """
    wandb = _library()
    options = _options(tracker, run)
    shared = wandb.setup().settings
    mode = tracker.mode or shared.mode
    host = tracker.base_url or shared.base_url
    if mode == "online" and (trouble := _trouble(host, tracker.api_key)):
        where = f"{options['root_dir']}/wandb/*"
        warnings.warn(f"wandb: {trouble}; runs are kept offline, send them with: wandb sync {where}", stacklevel=2)
        mode = "offline"
    return wandb.init(settings=wandb.Settings(**options, mode=mode, base_url=host), config=_config(run))


def _library() -> Any:
    """The library, silent, and without the reports of errors that it sends to its makers by default."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    import wandb

    wandb.termsetup(wandb.Settings(silent=True), None)  # the next line would tell where settings were read from
    wandb.setup(settings=wandb.Settings(silent=True))
    return wandb


def _trouble(host: str, key: str) -> str | None:
    """Why the server can't be used, if so."""
    from wandb.errors import Error
    from wandb.sdk.lib import wbauth

    try:
        if key:
            auth: wbauth.Auth | None = wbauth.AuthApiKey(host=host, api_key=key)
        else:
            auth = wbauth.authenticate_session(host=host, source="headway", prompt=False, update_session=False)
        if auth is None:
            return f"there is no API key for {host} (log in with `wandb login`, or set WANDB_API_KEY)"
        if not _listens(host):
            return f"{host} can't be reached"
        auth.verify()
    except Error as error:
        late = "respond in time" in str(error)  # the library's sentence blames its own process
        return f"{host} can't be used ({'it does not answer' if late else error})"
    return None


def _listens(host: str) -> bool:
    """Whether a connection is accepted; the library would try again and again for ten seconds."""
    url = urlsplit(host)
    if url.scheme in getproxies() and not proxy_bypass(url.hostname or ""):
        return True  # the proxy's business
    try:
        socket.create_connection((url.hostname, url.port or (80 if url.scheme == "http" else 443)), REACH).close()
    except OSError:
        return False
    return True


def _options(tracker: Wandb, run: TrackedRun) -> dict[str, Any]:
    """Settings that don't depend on the mode; each run needs its own, for the library changes them."""
    return {
        "run_id": run.identity,
        "resume": "allow",
        "reinit": "create_new",  # several runs at once, each with a thread of its own
        "run_name": run.title,
        "run_group": run.group,
        "run_job_type": tracker.job_type,
        "run_notes": tracker.notes,
        "run_tags": tracker.tags,
        "project": tracker.project or os.environ.get("WANDB_PROJECT") or run.name,
        "entity": tracker.entity,
        "api_key": tracker.api_key or None,
        "root_dir": str(run.store / "trackers"),
        "use_dot_wandb": False,
        "symlink": False,
        "finish_timeout": tracker.finish_timeout,
        "finish_timeout_raises": True,
        "init_timeout": tracker.finish_timeout,
        "x_transaction_log_flush_interval": FLUSH,
        **QUIET,
    }


QUIET: dict[str, Any] = {
    "silent": True,
    "console": "off",
    "label_disable": True,
    "disable_git": True,  # Headway tells the commit itself
    "disable_code": True,
    "save_code": False,
    "disable_job_creation": True,
    "host": "",
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
}
"""Nothing on the terminal, and nothing sent but what the run says itself: no code, host, hardware or packages."""


def _config(run: TrackedRun) -> dict[str, Any]:
    about = {
        "run": run.identity, "label": run.label, "overrides": list(run.overrides), "git": dict(run.git),
        "versions": dict(run.versions),
    }  # fmt: skip
    return {**run.config, "seed": run.seed, "headway": about}
