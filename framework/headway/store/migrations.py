"""The format of the records' database, version by version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

FIRST = (
    """create table if not exists runs (
    id text primary key, name text not null, "group" text, status text not null, created text not null,
    seconds real, overrides text not null, config text not null, seed integer, git text not null,
    versions text not null, error text)""",
    """create table if not exists stages (
    run text not null references runs(id), label text not null, kind text not null, use text not null,
    key text not null, digest text, status text not null, reasons text not null, seconds real, error text,
    position integer not null, primary key (run, label))""",
    """create table if not exists metrics (
    run text not null references runs(id), stage text not null, step integer, name text not null,
    value real not null)""",
    "create index if not exists metrics_by_run on metrics (run, stage)",
    """create table if not exists last_keys (
    name text not null, label text not null, key text not null, primary key (name, label))""",
    """create table if not exists remembered (
    path text not null, what text not null, stamp text not null, value text not null, primary key (path, what))""",
)

NOTES_AND_TAGS = (
    "alter table runs add column note text not null default ''",
    "alter table runs add column attempt_of text",
    """create table tags (
    run text not null references runs(id), tag text not null, primary key (run, tag)) without rowid""",
    "create index tags_by_tag on tags (tag)",
    "create index runs_by_name on runs (name, status)",
    "create index runs_by_time on runs (created)",
    "create index runs_by_attempt on runs (attempt_of) where attempt_of is not null",
    "create index stages_by_digest on stages (digest)",
    "create index final_metrics on metrics (name, stage, run, value) where step is null",
    # What is remembered is asked for folder by folder. rtrim with all characters but the slash leaves the folder.
    """create table files (
    folder text not null, name text not null, what text not null, stamp text not null, value text not null,
    primary key (folder, name, what)) without rowid""",
    """insert into files
    select rtrim(folder, '/'), substr(path, length(folder) + 1), what, stamp, value
    from (select *, rtrim(path, replace(path, '/', '')) as folder from remembered)""",
    "drop table remembered",
)

LABELS = (
    "alter table runs add column label text not null default ''",
    """create index runs_by_group on runs ("group") where "group" is not null""",
)

STEPS: tuple[tuple[str, ...], ...] = (FIRST, NOTES_AND_TAGS, LABELS)
"""Step number n leads from version n to version n + 1. A step that was released is never edited."""

VERSION = len(STEPS)


def version_of(connection: sqlite3.Connection) -> int:
    """The version of a database's format; 0 if it is empty."""
    return int(connection.execute("pragma user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Brings a database to the newest format, each step in a transaction of its own.

    Args:
        connection: In autocommit mode. If a step fails, the database is as the step before left it.
        steps: The steps from version 0 on.
    """
    while version_of(connection) < len(steps):
        with transaction(connection):
            version = version_of(connection)
            if version < len(steps):  # else another process was faster
                for statement in steps[version]:
                    connection.execute(statement)
                connection.execute(f"pragma user_version = {version + 1}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, for a connection in autocommit mode."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("rollback")
        raise
