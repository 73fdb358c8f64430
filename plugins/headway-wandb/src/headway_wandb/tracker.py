"""The tracker's config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Gt
from headway import Secret
from headway.tracker import TrackedRun, Tracker, Tracking


@dataclass(frozen=True)
class Wandb(Tracker):
    """Follows runs in Weights & Biases. What is left out here is taken from the library's own settings."""

    project: str | None = None
    """Where the runs are shown; by default WANDB_PROJECT, else the experiment's name."""
    entity: str | None = None
    """The user or team that owns the project; by default that of the API key."""
    mode: Literal["online", "offline", "disabled"] | None = None
    """``offline`` keeps runs in the store for a later ``wandb sync``; by default WANDB_MODE, else ``online``."""
    tags: tuple[str, ...] = ()
    """Words to find the runs by."""
    notes: str | None = None
    """What the runs are about."""
    job_type: str | None = None
    """What the runs do, such as ``train``."""
    artifacts: Literal["references", "none"] = "references"
    """Whether runs name the artifacts of their stages, by path and digest; nothing is uploaded."""
    api_key: Secret = ""
    """By default WANDB_API_KEY, or what ``wandb login`` has saved."""
    base_url: str | None = None
    """The server; by default WANDB_BASE_URL, else the public one."""
    finish_timeout: Annotated[float, Gt(0)] = 30.0
    """Seconds to wait, at the end of a run, for the server to take the rest."""

    def open(self, run: TrackedRun) -> Tracking:
        """Starts the run, or goes on with that of its first attempt."""
        from headway_wandb.session import start
        from headway_wandb.tracking import WandbTracking

        return WandbTracking(start(self, run), run.name, references=self.artifacts == "references")
