"""The records of runs in a SQLite file of the store's folder."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from headway.errors import UsageError
from headway.naming import nearest
from headway.store.database import Database
from headway.store.locks import KeyLock, is_held
from headway.store.queries import COLUMNS, selection
from headway.store.records import Memory
from headway.store.runs import ALL, Run, RunFilter, StageRow

DATABASE = "headway.db"
BY_ID = f"select {COLUMNS} from runs where id = ?"  # noqa: S608 - constants


class SqliteRecords:
    """Runs, their stages and metrics; see `headway.store.Records`.

    Safe to use from several processes and threads: SQLite's write-ahead log with ``synchronous=NORMAL`` survives a
    kill of any process. A run's process holds a lock while it lives, so a run whose process died is told from one
    that runs.

    Args:
        root: The store's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._database = Database(root / DATABASE)
        self._locks: dict[str, KeyLock] = {}

    def open_run(self, run: Run) -> None:
        """See `Records`."""
        lock = KeyLock(self._root, _lock_name(run.id))
        lock.acquire()
        try:
            self._insert(run)
        except BaseException:
            lock.release()
            raise
        self._locks[run.id] = lock

    def _insert(self, run: Run) -> None:
        row = (
            run.id, run.name, run.group, run.label, run.status, run.created, json.dumps(run.overrides),
            json.dumps(run.config), run.seed, json.dumps(run.git), json.dumps(run.versions), run.note, run.attempt_of,
        )  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(
                'insert into runs (id, name, "group", label, status, created, overrides, config, seed, git, versions,'
                " note, attempt_of) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            _tag(connection, run.id, run.tags)

    def write_stage(self, run: str, row: StageRow) -> None:
        """See `Records`."""
        values = (run, row.label, row.kind, row.use, row.key, row.digest, row.status, json.dumps(row.reasons))
        with self._database.writing() as connection:
            connection.execute(
                "insert into stages (run, label, kind, use, key, digest, status, reasons, seconds, error, position)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (select count(*) from stages where run = ?))"
                " on conflict (run, label) do update set digest = excluded.digest, status = excluded.status,"
                " seconds = excluded.seconds, error = excluded.error",
                (*values, row.seconds, row.error, run),
            )
            if row.metrics:
                _replace_metrics(connection, run, row)
            if row.digest:
                connection.execute(
                    "insert or replace into last_keys (name, label, key) select name, ?, ? from runs where id = ?",
                    (row.label, row.key, run),
                )

    def write_step(self, run: str, stage: str, step: int, metrics: Mapping[str, float]) -> None:
        """See `Records`."""
        with self._database.writing() as connection:
            connection.executemany(
                "insert into metrics (run, stage, step, name, value) values (?, ?, ?, ?, ?)",
                [(run, stage, step, name, value) for name, value in metrics.items()],
            )

    def close_run(self, run: str, status: str, seconds: float, error: str | None = None) -> None:
        """See `Records`."""
        try:
            with self._database.writing() as connection:
                connection.execute(
                    "update runs set status = ?, seconds = ?, error = ? where id = ?", (status, seconds, error, run)
                )
        finally:
            if run in self._locks:
                self._locks.pop(run).release()

    def note(self, run: str, text: str) -> None:
        """See `Records`."""
        with self._changing(run) as connection:
            connection.execute("update runs set note = ? where id = ?", (text, run))

    def tag(self, run: str, *tags: str) -> None:
        """See `Records`."""
        with self._changing(run) as connection:
            _tag(connection, run, tags)

    def untag(self, run: str, *tags: str) -> None:
        """See `Records`."""
        with self._changing(run) as connection:
            connection.executemany("delete from tags where run = ? and tag = ?", [(run, tag) for tag in tags])

    @contextmanager
    def _changing(self, run: str) -> Iterator[sqlite3.Connection]:
        self.show(run)
        with self._database.writing() as connection:
            yield connection

    def last_key(self, name: str, label: str) -> str | None:
        """See `Records`."""
        found = self._rows("select key from last_keys where name = ? and label = ?", name, label)
        return str(found[0][0]) if found else None

    def interrupted(self, name: str, config: Mapping[str, Any]) -> Run | None:
        """See `Records`."""
        plain = json.loads(json.dumps(config))
        rows = self._rows(
            f"select {COLUMNS} from runs where name = ? and status in ('running', 'interrupted')"  # noqa: S608 - constants
            " and not exists (select 1 from runs as later where later.rowid > runs.rowid"
            " and later.attempt_of = coalesce(runs.attempt_of, runs.id)) order by rowid desc",
            name,
        )
        runs = (self._run(row) for row in rows)
        return next((run for run in runs if run.status == "interrupted" and run.config == plain), None)

    def list(self, wanted: RunFilter = ALL) -> list[Run]:
        """See `Records`."""
        query, values = selection(wanted)
        with self._database.reading() as connection:
            rows = (connection.execute(BY_ID, row).fetchone() for row in connection.execute(query, values))
            runs = (self._run(row) for row in rows if row)
            fitting = (run for run in runs if not wanted.statuses or run.status in wanted.statuses)
            return [*islice(fitting, wanted.limit)]

    def show(self, run: str) -> Run:
        """See `Records`."""
        rows = self._rows(BY_ID, run)
        if not rows:
            raise UsageError(f"there is no run {run}", hint="headway runs list", code="unknown-run")
        stages = self._rows("select * from stages where run = ? order by position", run)
        metrics = self._rows(
            "select stage, name, value from metrics where run = ? and step is null order by rowid", run
        )
        found: dict[str, dict[str, float]] = {}
        for metric in metrics:
            found.setdefault(metric["stage"], {})[metric["name"]] = metric["value"]
        return self._run(rows[0], tuple(_stage(stage, found.get(stage["label"], {})) for stage in stages))

    def metrics_of(self, runs: Sequence[str]) -> dict[str, dict[str, float]]:
        """See `Records`."""
        found: dict[str, dict[str, float]] = {run: {} for run in runs}
        rows = self._rows(
            "select run, stage, name, value from metrics where run in (select value from json_each(?))"
            " and step is null order by rowid",
            json.dumps([*runs]),
        )
        for row in rows:
            found[row["run"]][f"{row['stage']}.{row['name']}"] = row["value"]
        return found

    def history(self, run: str, stage: str) -> Sequence[tuple[int, Mapping[str, float]]]:
        """See `Records`."""
        rows = self._rows(
            "select step, name, value from metrics where run = ? and stage = ? and step is not null order by rowid",
            run, stage,
        )  # fmt: skip
        steps: list[tuple[int, dict[str, float]]] = []
        for row in rows:
            if not steps or steps[-1][0] != row["step"] or row["name"] in steps[-1][1]:
                steps.append((row["step"], {}))
            steps[-1][1][row["name"]] = row["value"]
        return steps

    def known(self, what: Literal["name", "group", "tag", "metric"]) -> Sequence[str]:
        """See `Records`."""
        queries = {
            "name": "select distinct name from runs",
            "group": """select distinct "group" from runs where "group" is not null""",
            "tag": "select distinct tag from tags",
            "metric": "select distinct stage || '.' || name from metrics where step is null",
        }
        return sorted(row[0] for row in self._rows(queries[what]))

    def users(self, digest: str) -> Sequence[str]:
        """See `Records`."""
        rows = self._rows(
            "select runs.id from runs join (select distinct run from stages where digest = ?) on run = id"
            " order by runs.rowid",
            digest,
        )
        return [row[0] for row in rows]

    def resolve(self, reference: str) -> str:
        """See `Records`."""
        name, at, alias = reference.rpartition("@")
        if alias == "latest" and (name or not at):
            return self._latest(name)
        beginning = reference.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._rows("select id from runs where id like ? escape '\\' order by rowid desc limit 6", beginning)
        fitting = [row[0] for row in rows]
        if len(fitting) == 1 or reference in fitting:
            return str(reference if reference in fitting else fitting[0])
        if fitting:
            which = ", ".join(fitting[:5]) + ("…" if len(fitting) > 5 else "")
            raise UsageError(f"'{reference}' fits several runs: {which}", code="ambiguous-run")
        raise self._unknown(reference)

    def _latest(self, name: str) -> str:
        runs = self.list(RunFilter(name=name or None, limit=1))
        if not runs:
            known = self.known("name")
            close = nearest(name, known) if name else None
            hint = (
                f"did you mean {close}@latest?" if close else f"there are runs of {', '.join(known)}" if known else None
            )
            raise UsageError(f"there is no run{f' of {name}' if name else ''} yet", hint=hint, code="unknown-run")
        return runs[0].id

    def _unknown(self, reference: str) -> UsageError:
        rows = self._rows("select id from runs order by rowid desc limit 1000")
        close = nearest(reference, (row[0] for row in rows))
        guess = f"; did you mean '{close}'?" if close else ""
        return UsageError(f"unknown run '{reference}'{guess}", hint="headway runs list", code="unknown-run")

    def recall(self, folder: str) -> Memory:
        """See `Records`."""
        rows = self._rows("select name, what, stamp, value from files where folder = ?", folder)
        return {(row["name"], row["what"]): (row["stamp"], row["value"]) for row in rows}

    def remember(self, folder: str, memory: Memory) -> None:
        """See `Records`."""
        rows = [(folder, *name, *value) for name, value in memory.items()]
        with self._database.writing() as connection:
            connection.executemany("insert or replace into files values (?, ?, ?, ?, ?)", rows)

    def check(self) -> Sequence[str]:
        """See `Records`."""
        found = [row[0] for row in self._rows("pragma integrity_check")]
        return [] if found == ["ok"] else found

    def close(self) -> None:
        """See `Records`."""
        self._database.close()

    def _rows(self, query: str, *values: Any) -> Sequence[sqlite3.Row]:
        with self._database.reading() as connection:
            return connection.execute(query, values).fetchall()

    def _run(self, row: sqlite3.Row, stages: tuple[StageRow, ...] = ()) -> Run:
        data = dict(row)
        for name in ("overrides", "config", "git", "versions", "tags"):
            data[name] = json.loads(data[name])
        data["overrides"], data["tags"] = tuple(data["overrides"]), tuple(sorted(data["tags"]))
        if data["status"] == "running" and not is_held(self._root, _lock_name(data["id"])):
            data["status"] = "interrupted"
        return Run(**data, stages=stages)


def _lock_name(run: str) -> str:
    return f"run-{run}"


def _tag(connection: sqlite3.Connection, run: str, tags: Iterable[str]) -> None:
    connection.executemany("insert or ignore into tags values (?, ?)", [(run, tag) for tag in tags])


def _replace_metrics(connection: sqlite3.Connection, run: str, row: StageRow) -> None:
    connection.execute("delete from metrics where run = ? and stage = ? and step is null", (run, row.label))
    connection.executemany(
        "insert into metrics (run, stage, step, name, value) values (?, ?, null, ?, ?)",
        [(run, row.label, name, value) for name, value in row.metrics.items()],
    )


def _stage(row: sqlite3.Row, metrics: Mapping[str, float]) -> StageRow:
    return StageRow(
        row["label"], row["kind"], row["use"], row["key"], row["status"], tuple(json.loads(row["reasons"])),
        row["digest"], row["seconds"], row["error"], metrics,
    )  # fmt: skip
