"""The records of runs, in SQLite."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headway.errors import StoreError, UsageError
from headway.naming import unknown
from headway.store.locks import KeyLock, is_held

VERSION = 1
SCHEMA = """
create table if not exists runs (
    id text primary key, name text not null, "group" text, status text not null, created text not null,
    seconds real, overrides text not null, config text not null, seed integer, git text not null,
    versions text not null, error text);
create table if not exists stages (
    run text not null references runs(id), label text not null, kind text not null, use text not null,
    key text not null, digest text, status text not null, reasons text not null, seconds real, error text,
    position integer not null, primary key (run, label));
create table if not exists metrics (
    run text not null references runs(id), stage text not null, step integer, name text not null,
    value real not null);
create index if not exists metrics_by_run on metrics (run, stage);
create table if not exists last_keys (
    name text not null, label text not null, key text not null, primary key (name, label));
create table if not exists remembered (
    path text not null, what text not null, stamp text not null, value text not null, primary key (path, what));
"""


@dataclass(frozen=True)
class StageRow:
    """One stage of a run, as recorded."""

    label: str
    kind: str
    use: str
    key: str
    status: str
    reasons: tuple[str, ...] = ()
    digest: str | None = None
    seconds: float | None = None
    error: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One run, as recorded.

    Attributes:
        id: UTC time of its start and four random digits; sorts by time.
        name: The experiment's name.
        status: ``running``, ``done``, ``failed`` or ``interrupted`` (also when its process died).
        created: When it started, UTC, ISO 8601.
        group: What the runs of one command have in common: the id of the first; None for a single run.
        overrides: What the command line said.
        config: The resolved config, without secrets.
        seed: The run's seed.
        git: ``commit`` and ``dirty`` of the project, if it is in a repository.
        versions: Python, Headway, plugins and libraries.
        attempt_of: The id of the first attempt, if this run repeats one that was interrupted.
        seconds: How long it took.
        error: Why it failed.
        stages: Its stages; only filled by `Records.show`.
    """

    id: str
    name: str
    status: str
    created: str
    overrides: tuple[str, ...]
    config: Mapping[str, Any]
    seed: int
    git: Mapping[str, Any]
    versions: Mapping[str, str]
    group: str | None = None
    attempt_of: str | None = None
    seconds: float | None = None
    error: str | None = None
    stages: tuple[StageRow, ...] = ()


def new_run_id() -> str:
    """A new id such as ``20261123-175501-4f2a``."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class Records:
    """Runs, their stages and metrics.

    Safe to use from several processes: SQLite's write-ahead log with ``synchronous=NORMAL`` survives a kill
    of any process. A run's process holds a lock while it lives, so a run whose process died is told from one
    that runs.

    Args:
        root: The store's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._path = root / "headway.db"
        self._locks: dict[str, KeyLock] = {}
        self._writer: sqlite3.Connection | None = None

    @contextmanager
    def connect(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection; a transaction that is committed at the end."""
        try:
            if self._writer is None:
                opened = self._open(write)
                self._writer = opened if write else None
                with closing(opened) if not write else nullcontext(), opened:
                    yield opened
            else:
                with self._writer:
                    yield self._writer
        except sqlite3.Error as error:
            raise StoreError(
                f"the records cannot be {'written' if write else 'read'}: {error} ({self._path})",
                hint="check the free space and the permissions of the folder",
                code="records",
            ) from error

    def _open(self, write: bool) -> sqlite3.Connection:
        if not self._path.exists():
            if not write:
                connection = sqlite3.connect(":memory:")
                connection.executescript(SCHEMA)
                return connection
            self.root.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=30)
        connection.row_factory = sqlite3.Row
        self._prepare(connection)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("pragma user_version").fetchone()[0]
        if version > VERSION:
            connection.close()
            raise StoreError(
                f"the records were written by a newer Headway (format {version}, this one knows {VERSION})",
                hint="update headway; nothing was changed",
                code="newer-store",
            )
        connection.execute("pragma synchronous = normal")
        if version < VERSION:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(SCHEMA)
            connection.execute(f"pragma user_version = {VERSION}")

    def open_run(self, run: Run) -> None:
        """Records a run before any work, and marks it as alive."""
        lock = KeyLock(self.root, f"run-{run.id}")
        lock.acquire()
        self._locks[run.id] = lock
        row = (
            run.id, run.name, run.group, run.status, run.created, json.dumps(run.overrides), json.dumps(run.config),
            run.seed, json.dumps(run.git), json.dumps(run.versions),
        )  # fmt: skip
        with self.connect(write=True) as connection:
            connection.execute(
                'insert into runs (id, name, "group", status, created, overrides, config, seed, git, versions)'
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def write_stage(self, run: str, row: StageRow) -> None:
        """Records a stage of a run, or its new state, with its final metrics."""
        values = (run, row.label, row.kind, row.use, row.key, row.digest, row.status, json.dumps(row.reasons))
        with self.connect(write=True) as connection:
            connection.execute(
                "insert into stages (run, label, kind, use, key, digest, status, reasons, seconds, error, position)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (select count(*) from stages where run = ?))"
                " on conflict (run, label) do update set digest = excluded.digest, status = excluded.status,"
                " seconds = excluded.seconds, error = excluded.error",
                (*values, row.seconds, row.error, run),
            )
            connection.executemany(
                "insert into metrics (run, stage, step, name, value) values (?, ?, null, ?, ?)",
                [(run, row.label, name, value) for name, value in row.metrics.items()],
            )
            if row.digest:
                connection.execute(
                    "insert or replace into last_keys (name, label, key) select name, ?, ? from runs where id = ?",
                    (row.label, row.key, run),
                )

    def write_step(self, run: str, stage: str, step: int, metrics: Mapping[str, float]) -> None:
        """Records intermediate metrics."""
        with self.connect(write=True) as connection:
            connection.executemany(
                "insert into metrics (run, stage, step, name, value) values (?, ?, ?, ?, ?)",
                [(run, stage, step, name, value) for name, value in metrics.items()],
            )

    def close_run(self, run: str, status: str, seconds: float, error: str | None = None) -> None:
        """Records how a run ended."""
        with self.connect(write=True) as connection:
            connection.execute(
                "update runs set status = ?, seconds = ?, error = ? where id = ?", (status, seconds, error, run)
            )
        self._locks.pop(run).release()

    def last_key(self, name: str, label: str) -> str | None:
        """The key that a stage of an experiment had when it last succeeded."""
        with self.connect() as connection:
            query = "select key from last_keys where name = ? and label = ?"
            found = connection.execute(query, (name, label)).fetchone()
        return found[0] if found else None

    def list(self, limit: int = 20) -> list[Run]:
        """Runs, newest first, without their stages."""
        with self.connect() as connection:
            rows = connection.execute("select * from runs order by created desc, id desc limit ?", (limit,)).fetchall()
        return [self._run(row) for row in rows]

    def show(self, run: str) -> Run:
        """One run with its stages; `run` is a full id."""
        with self.connect() as connection:
            row = connection.execute("select * from runs where id = ?", (run,)).fetchone()
            stages = connection.execute("select * from stages where run = ? order by position", (run,)).fetchall()
            metrics = connection.execute(
                "select stage, name, value from metrics where run = ? and step is null order by rowid", (run,)
            ).fetchall()
        found: dict[str, dict[str, float]] = {}
        for metric in metrics:
            found.setdefault(metric["stage"], {})[metric["name"]] = metric["value"]
        return self._run(row, tuple(_stage(stage, found.get(stage["label"], {})) for stage in stages))

    def _run(self, row: sqlite3.Row, stages: tuple[StageRow, ...] = ()) -> Run:
        data = dict(row)
        for name in ("overrides", "config", "git", "versions"):
            data[name] = json.loads(data[name])
        data["overrides"] = tuple(data["overrides"])
        if data["status"] == "running" and not is_held(self.root, f"run-{data['id']}"):
            data["status"] = "interrupted"
        return Run(**data, stages=stages)

    def resolve(self, reference: str) -> str:
        """The id that a reference means: an id, the beginning of one, ``latest`` or ``NAME@latest``.

        Raises:
            UsageError: No run fits, or several do.
        """
        name, _, alias = reference.rpartition("@")
        if alias == "latest":
            return self._latest(name)
        with self.connect() as connection:
            ids = [row[0] for row in connection.execute("select id from runs order by created desc")]
        fitting = [run for run in ids if run.startswith(reference)]
        if reference in fitting:
            return reference
        if len(fitting) > 1:
            raise UsageError(f"'{reference}' fits {len(fitting)} runs: {', '.join(fitting[:5])}", code="ambiguous-run")
        if not fitting:
            raise UsageError(unknown("run", reference, ids[:10]), hint="headway runs list", code="unknown-run")
        return str(fitting[0])

    def _latest(self, name: str) -> str:
        where, values = ("where name = ?", (name,)) if name else ("", ())
        with self.connect() as connection:
            found = connection.execute(
                f"select id from runs {where} order by created desc, id desc limit 1",  # noqa: S608 - two constants
                values,
            ).fetchone()
        if found is None:
            raise UsageError(f"there is no run{f' of {name}' if name else ''} yet", code="unknown-run")
        return str(found[0])


def _stage(row: sqlite3.Row, metrics: Mapping[str, float]) -> StageRow:
    return StageRow(
        row["label"], row["kind"], row["use"], row["key"], row["status"], tuple(json.loads(row["reasons"])),
        row["digest"], row["seconds"], row["error"], metrics,
    )  # fmt: skip


__all__: Sequence[str] = ("Records", "Run", "StageRow", "new_run_id")
