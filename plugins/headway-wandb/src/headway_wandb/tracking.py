"""One run as the library is told of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.tracker import TrackedStage

if TYPE_CHECKING:
    import wandb

EXIT_CODES = {"done": 0, "pruned": 0, "interrupted": 255}
"""The library's own reading: 0 has finished, 255 was stopped by the user, anything else has failed."""


class WandbTracking:
    """See `headway.tracker.Tracking`.

    Every stage has a step axis of its own, ``STAGE/step``: the library's common step only grows, but stages start
    at 1, and those from the cache are replayed.

    Args:
        run: The library's run.
        name: The experiment's name, which begins the names of its artifacts.
        references: Whether artifacts are referred to.
    """

    def __init__(self, run: wandb.Run, name: str, *, references: bool) -> None:
        self._run = run
        self._name = name
        self._references = references
        self._axes: set[str] = set()

    def stage_started(self, stage: str) -> None:
        """See `headway.tracker.Tracking`."""
        self._run.summary[f"stages/{stage}/status"] = "running"

    def metrics(self, stage: str, step: int | None, metrics: Mapping[str, float]) -> None:
        """See `headway.tracker.Tracking`."""
        named = {key(stage, name): value for name, value in metrics.items()}
        if step is None:
            self._run.summary.update(named)
        else:
            self._run.log({**named, self._axis(stage): step})

    def stage_finished(self, stage: TrackedStage) -> None:
        """See `headway.tracker.Tracking`."""
        told = {"status": stage.status, "seconds": stage.seconds, "digest": stage.digest, "error": stage.error}
        known = {f"stages/{stage.name}/{name}": value for name, value in told.items() if value is not None}
        self._run.summary.update(known)
        if stage.path is None:
            return
        for name, page in _pages(stage.path):
            self._run.log({f"{stage.name}/{name}": page})
        if self._references:
            self._refer(stage, stage.path)

    def close(self, status: str, metrics: Mapping[str, float]) -> None:
        """See `headway.tracker.Tracking`; the metrics were told by stage.

        Raises:
            TimeoutError: The server did not take all of it in time.
        """
        self._run.summary["status"] = status
        folder = Path(self._run.settings.sync_dir)
        try:
            self._run.finish(exit_code=EXIT_CODES.get(status, 1))
        except TimeoutError:
            raise TimeoutError(
                f"the server did not take everything; send the rest with: wandb sync --include-online {folder}"
            ) from None

    def _axis(self, stage: str) -> str:
        axis = f"{stage}/step"
        if stage not in self._axes:
            self._axes.add(stage)
            self._run.define_metric(axis, hidden=True)
            self._run.define_metric(f"{stage}/*", step_metric=axis)
        return axis

    def _refer(self, stage: TrackedStage, path: Path) -> None:
        import wandb

        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{self._name}-{stage.name}").strip("-")[:128]
        artifact = wandb.Artifact(name, stage.kind, metadata={"stage": stage.name, "digest": stage.digest})
        artifact.add_reference(path.as_uri(), checksum=False)
        self._run.log_artifact(artifact)


def key(stage: str, metric: str) -> str:
    """A metric's name in the library; ``STAGE/step`` itself is the axis."""
    return f"{stage}/{metric}" if metric != "step" else f"{stage}/step (metric)"


def _pages(folder: Path) -> Iterator[tuple[str, Any]]:
    """The pages and plots of an artifact: files by the stems of their names, figures of a report by their titles."""
    import wandb

    for path in sorted(folder.iterdir()):
        if path.suffix in (".html", ".svg"):
            yield path.stem, _html(path.read_text(encoding="utf-8"))
        elif path.suffix == ".png":
            yield path.stem, wandb.Image(str(path))
    for figure in _figures(folder / "report.json"):
        yield figure["title"], _html(figure["svg"])


def _figures(file: Path) -> list[dict[str, str]]:
    """The figures of a saved `headway.contracts.Report`."""
    return list(json.loads(file.read_bytes())["figures"]) if file.exists() else []


def _html(text: str) -> Any:
    import wandb

    return wandb.Html(text, inject=False, data_is_not_path=True)
