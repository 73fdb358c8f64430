"""The artifact store: what any place that holds artifacts can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from headway.contracts import Artifact, Lookup


@dataclass(frozen=True)
class Entry:
    """What a cache key led to.

    Attributes:
        digest: The artifact's digest.
        type: The registered name of its type.
        metrics: Final metrics, replayed on a hit.
        history: Intermediate metrics as (step, metrics).
        components: What the key was made of.
    """

    digest: str
    type: str
    metrics: Mapping[str, float]
    history: Sequence[tuple[int, Mapping[str, float]]]
    components: Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """Something that lies in a store.

    Attributes:
        kind: ``artifact``; ``entry`` of a key; ``work`` folder of a key; ``scratch`` that is being written; ``link`` of
            a run to an artifact; ``lock`` file.
        name: Its digest, its key or its path.
        size: Bytes.
        modified: When it last changed, in seconds since 1970.
        digest: The artifact that an entry or a link leads to; None if that cannot be read.
        type: The registered name of an artifact's type; empty if its manifest cannot be read.
    """

    kind: Literal["artifact", "entry", "work", "scratch", "link", "lock"]
    name: str
    size: int = 0
    modified: float = 0.0
    digest: str | None = None
    type: str = ""


class ArtifactStore(Protocol):
    """Artifacts by their content, found by cache key.

    An artifact's digest is the hash of its manifest, which lists type, size and SHA-256 of every file. An entry says
    what a key led to. Both appear as a whole or not at all, the entry last. `headway.testing.ArtifactStoreSuite` says
    what holds. Every method raises `StoreError` if the store cannot be read or written; it is left as it was.
    """

    def find(self, key: str) -> Entry | None:
        """What a key led to, if the artifact is there with every file at its size."""

    def components(self, key: str) -> Mapping[str, Any] | None:
        """What a key was made of, even if its artifact is gone."""

    def save(
        self,
        key: str,
        artifact: Artifact,
        *,
        metrics: Mapping[str, float],
        history: Sequence[tuple[int, Mapping[str, float]]],
        components: Mapping[str, Any],
    ) -> Entry:
        """Saves an artifact under a key, atomically."""

    def load(self, digest: str, lookup: Lookup) -> Artifact:
        """Loads an artifact by its digest."""

    def has(self, digest: str) -> bool:
        """Whether an artifact is there with every file at its size."""

    def verify(self, digest: str) -> None:
        """Reads every byte of an artifact; raises `StoreError` if one changed since it was saved."""

    def path(self, digest: str) -> Path:
        """The folder of an artifact; raises `StoreError` if `digest` is no digest."""

    def work_folder(self, key: str) -> Path:
        """The private folder of the stage that computes a key, kept if it is killed; it may not exist yet."""

    def discard_work(self, key: str) -> None:
        """Removes a work folder."""

    def run_folder(self, run: str) -> Path:
        """The folder of links of a run."""

    def open_folder(self, run: str) -> None:
        """Makes the folder of a run's links, and makes it the latest."""

    def link(self, run: str, label: str, digest: str) -> None:
        """Links a run's stage to its artifact, for people; the run's folder must be open."""

    def contents(self) -> Iterator[Item]:
        """Everything that lies in the store."""

    def remove(self, item: Item) -> None:
        """Removes something, at once for everyone who looks; a kill leaves no half of it in its place.

        The caller holds the store alone (`headway.store.StoreLock`).
        """

    def sweep(self) -> None:
        """Removes what killed processes were writing, and their locks; the caller holds the store alone."""
