"""One stage to execute: all that a worker, on this machine or another, needs to know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from headway.errors import Place
from headway.watched import Watched

Digests = str | list[str] | dict[str, str]
"""What one input of a stage is: a digest, or several for a fan-in."""


@dataclass(frozen=True)
class Task:
    """One stage to execute.

    Attributes:
        label: What the user sees, such as ``model[linear]``.
        name: The stage's name in the pipeline.
        kind: The registry kind.
        use: The registered name.
        key: The cache key under which the result is saved.
        values: Field values of the stage; paths are absolute.
        inputs: Parameter name to the digests of artifacts in the store.
        components: What the key was made of, stored beside the result.
        store: The store's folder.
        project: The project's folder, whose plugins are loaded.
        fresh: It is run even if the key is known.
        watched: The files that the key was made of; if one changes, the result does not belong to the key.
    """

    label: str
    name: str
    kind: str
    use: str
    key: str
    values: Mapping[str, Any]
    inputs: Mapping[str, Digests]
    components: Mapping[str, Any]
    store: str
    project: str | None = None
    fresh: bool = False
    watched: Watched = field(default_factory=dict)

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads what `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Failure:
    """Why a stage failed, in a form that crosses processes.

    Attributes:
        what: One sentence that names the stage, its plugin and the error.
        hint: How to mend it, if the stage said so.
        code: The error's reference.
        traceback: The whole traceback; empty for errors that a user can mend.
        where: The place, if the error has one; a key of the config until the journal finds where it was written.
    """

    what: str
    hint: str | None = None
    code: str = "stage"
    traceback: str = ""
    where: Place | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `dataclasses.asdict` gave."""
        where = data["where"]
        return cls(**{**data, "where": Place(**where) if where else None})


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        status: ``done``, ``cached`` (another process had computed it), ``failed``, ``pruned`` or
            ``interrupted``.
        seconds: How long it took.
        digest: The artifact's, if there is one.
        metrics: The stage's final metrics.
        failure: Why it failed.
    """

    status: str
    seconds: float = 0.0
    digest: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` gave."""
        failure = Failure.from_dict(data["failure"]) if data["failure"] else None
        return cls(data["status"], data["seconds"], data["digest"], data["metrics"], failure)
