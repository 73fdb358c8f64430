"""One study of a store: its description, the journal of its trials, and who works at it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from headway.errors import StoreError, room_in
from headway.store import trials
from headway.store.eventlog import EventLog, read
from headway.store.files import remove, told, write_atomically
from headway.store.locks import KeyLock, is_held

FORMAT = 1
"""Of the description and the journal; those of a newer one are refused."""

DESCRIPTION, JOURNAL, STOP = "study.json", "journal.jsonl", "stop"
PATIENCE = 0.5
"""Seconds for which a lock is tried: who only looks whether it is held has it for an instant."""


class StudyFolder:
    """A study in ``studies/NAME``: ``study.json``, ``journal.jsonl``, and ``stop`` while it is asked to stop.

    Reading needs no lock and changes nothing. A study is there from its first description on.

    Args:
        root: The store's folder.
        name: The study's name, already checked; see `headway.store.Studies`.

    Attributes:
        name: Its name.
        path: Its folder.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.path = root / "studies" / name
        self._root = root
        self._log: EventLog | None = None

    @property
    def description(self) -> dict[str, Any] | None:
        """What the study is, or None if there is no such study.

        Raises:
            StoreError: It cannot be read, or a newer Headway wrote it.
        """
        path = self.path / DESCRIPTION
        try:
            with told(path, "be read"):
                content = path.read_bytes()
        except StoreError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        return self._understood(content)

    def _understood(self, content: bytes) -> dict[str, Any]:
        try:
            found = dict(json.loads(content))
            version = int(found.pop("format"))
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(
                f"the description of study {self.name} is damaged ({self.path / DESCRIPTION})",
                hint=f"put a backup in its place, or headway sweep remove {self.name}; nothing was changed",
                code="damaged-study",
            ) from error
        if version > FORMAT:
            raise StoreError(
                f"study {self.name} was written by a newer Headway (format {version}, this one knows {FORMAT})",
                hint="update headway, or name another study; nothing was changed",
                code="newer-store",
            )
        return found

    def describe(self, description: Mapping[str, Any]) -> None:
        """Writes what the study is, in JSON types with finite numbers, in place of what was said before.

        Raises:
            StoreError: It cannot be written, or a newer Headway wrote the one that is there.
        """
        content = json.dumps({"format": FORMAT, **description}, indent=2, allow_nan=False).encode()
        _ = self.description
        with told(self.path, "describe a study"), room_in(self.path.parent):
            self.path.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path / DESCRIPTION, content, self.path)

    def events(self) -> list[dict[str, Any]]:
        """The journal, in its order; half a line that a killed process left at its end is no event.

        Raises:
            StoreError: It cannot be read, a newer Headway wrote it, or a line that others follow is damaged.
        """
        _ = self.description
        return list(read(self.path / JOURNAL).events)

    def append(self, event: Mapping[str, Any], durable: bool = False) -> None:
        """Adds a line to the journal, within `held`; see `headway.store.eventlog.EventLog.append`."""
        if self._log is None:
            raise RuntimeError("events are appended while the study is held")
        self._log.append(event, durable=durable)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Works at the study alone. Requests to stop whoever did before are forgotten, what they left torn is mended.

        Raises:
            StoreError: Another process works at it; or its journal cannot be used.
        """
        lock = self._locked()
        try:
            _ = self.description
            with told(self.path, "work at a study"), room_in(self.path.parent):
                self.path.mkdir(parents=True, exist_ok=True)
            self._tidy()
            with EventLog(self.path / JOURNAL) as self._log:
                yield
        finally:
            self._log = None
            lock.release()

    def _locked(self) -> KeyLock:
        lock = KeyLock(self._root, self._key)
        end = time.monotonic() + PATIENCE
        while self.is_running or not lock.try_acquire():  # without locks in the file system only the first tells
            if time.monotonic() > end:
                raise StoreError(
                    f"study {self.name} is being swept by another process",
                    hint=f"wait for it, stop it with headway sweep stop {self.name}, or begin another one:"
                    " sweep.name=NAME",
                    code="study-in-use",
                )
            time.sleep(PATIENCE / 20)
        return lock

    def _tidy(self) -> None:
        self.clear_stop()
        for left in self.path.glob("tmp*"):  # of a description that was being written
            with suppress(OSError):
                left.unlink()

    def is_finished(self, events: trials.Events) -> bool:
        """Whether as many trials as it wants have finished, and nobody works at it."""
        wanted = (self.description or {}).get("trials")
        return isinstance(wanted, int) and trials.finished(events) >= wanted and not self.is_running

    def faults(self) -> list[str]:
        """One sentence for each thing that is wrong with it; what a kill left torn is mended by the next sweep."""
        try:
            described, reading = self.description, read(self.path / JOURNAL)
        except StoreError as error:
            return [f"{error.what} ({error.where})" if error.where else error.what]
        found = [*trials.faults(reading.events)]
        if described is None and reading.events:
            found.append("there is a journal, but no description")
        if reading.damaged:
            found.append(f"line {reading.damaged}, the last one, is not what was written; the next sweep drops it")
        return [f"{sentence} ({self.path / JOURNAL})" for sentence in found]

    @property
    def size(self) -> int:
        """Bytes of its files."""
        with told(self.path, "be measured"):
            return sum(path.lstat().st_size for path in self.path.iterdir())

    @property
    def _key(self) -> str:
        return f"study-{self.name}"

    @property
    def is_running(self) -> bool:
        """Whether a process holds it."""
        return is_held(self._root, self._key)

    def ask_to_stop(self) -> None:
        """Asks whoever holds it to stop when they can."""
        with told(self.path, "ask a study to stop"):
            (self.path / STOP).touch()

    def stop_asked(self) -> bool:
        """Whether somebody asked to stop; cheap."""
        return (self.path / STOP).exists()

    def clear_stop(self) -> None:
        """Forgets that somebody asked to stop."""
        with told(self.path, "clear a request to stop"):
            (self.path / STOP).unlink(missing_ok=True)

    def remove(self) -> None:
        """Removes the study, at once for everyone who looks; its runs and what they made stay.

        Raises:
            StoreError: A process works at it, or it cannot be removed.
        """
        lock = self._locked()
        try:
            with told(self.path, "remove a study"):
                (self._root / "tmp").mkdir(exist_ok=True)
                beside = self._root / "tmp" / f"{secrets.token_hex(8)}.removed"
                with suppress(FileNotFoundError):
                    self.path.rename(beside)
                    remove(beside)
        finally:
            lock.release()
