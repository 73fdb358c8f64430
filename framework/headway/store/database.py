"""The SQLite file of the records: how it is opened, and what is said when it cannot be."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import time
import warnings
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from headway.errors import StoreError
from headway.store.files import file_system
from headway.store.migrations import VERSION, migrate, transaction, version_of

NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "afs",
    "ceph",
    "lustre",
    "gpfs",
    "beegfs",
    "gluster",
    "fuse.sshfs",
    "fuse.gluster",
)
"""Beginnings of the names of file systems that several machines share; memory cannot be shared over them."""
PATIENCE = 30.0
"""Seconds to wait while others write."""


class Database:
    """One connection, opened when it is needed, shared by the threads of a process.

    Reading never writes: an older format is read through a copy in memory that is brought to the newest, and what
    lies in a read-only folder is read without the files that SQLite would like to put beside it.

    Args:
        path: The file; made when something is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._guard = threading.RLock()
        self._file: sqlite3.Connection | None = None
        self._copy: tuple[object, sqlite3.Connection] | None = None
        self._writable = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from; raises `StoreError`."""
        with self._guard, self._told("read"):
            yield self._file or self._for_reading()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction, committed at the end; raises `StoreError`."""
        with self._guard, self._told("written"):
            connection = self._for_writing()
            with transaction(connection):
                yield connection

    def close(self) -> None:
        """Closes the connection; the next use opens it again."""
        with self._guard:
            if self._file is not None:
                self._file.close()
            self._file, self._copy, self._writable = None, None, False

    def _for_writing(self) -> sqlite3.Connection:
        if self._file is None or not self._writable:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._file or self._connect("rwc")
            self._prepare(connection)
            self._file, self._writable = connection, True
        return self._file

    def _prepare(self, connection: sqlite3.Connection) -> None:
        _refuse_newer(connection)
        kind = file_system(self.path.parent)
        shared = kind.startswith(NETWORK)
        if shared:
            warnings.warn(
                f"the store lies on a network file system ({kind}): its records are slower there, and safe only if"
                " its locks work; HEADWAY_STORE names another folder",
                stacklevel=2,
            )
        _set_journal(connection, "delete" if shared else "wal")
        connection.execute(f"pragma synchronous = {'full' if shared else 'normal'}")
        migrate(connection)

    def _for_reading(self) -> sqlite3.Connection:
        stamp = self._stamp()
        if self._copy is not None and self._copy[0] == stamp:
            return self._copy[1]
        connection, is_file = self._open()
        if is_file:
            self._file = connection
        else:
            self._copy = stamp, self._closed_at_the_end(connection)
        return connection

    def _open(self) -> tuple[sqlite3.Connection, bool]:
        """A connection to read from, and whether it is one to the file itself."""
        if not self.path.exists():
            return _newest(_connected(":memory:")), False
        connection = self._connect("rw")
        try:
            version = _refuse_newer(connection)
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith(
                ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR")
            ):
                raise
            return self._apart(), False
        if version == VERSION:
            return connection, True
        with closing(connection):
            return _newest(_in_memory(connection)), False

    def _apart(self) -> sqlite3.Connection:
        """The records in a folder where SQLite can put nothing beside them."""
        log = self.path.with_name(f"{self.path.name}-wal")
        if not log.exists() or not log.stat().st_size:
            return _newest(_in_memory(self._connect("ro&immutable=1")))
        with tempfile.TemporaryDirectory() as folder:
            for path in (self.path, log):
                shutil.copyfile(path, Path(folder) / path.name)
            with closing(_connected(str(Path(folder) / self.path.name))) as copy:
                return _newest(_in_memory(copy))

    def _connect(self, mode: str) -> sqlite3.Connection:
        return self._closed_at_the_end(_connected(f"{self.path.as_uri()}?mode={mode}"))

    def _closed_at_the_end(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        weakref.finalize(self, connection.close)
        return connection

    def _stamp(self) -> object:
        """Changes whenever another process has written."""
        return [_stat(self.path), _stat(self.path.with_name(f"{self.path.name}-wal"))]

    @contextmanager
    def _told(self, action: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
                what = f"the records are damaged: {error} ({self.path})"
                raise StoreError(what, hint=DAMAGED, code="damaged-records") from error
            raise self._trouble(action, str(error)) from error
        except OSError as error:
            raise self._trouble(action, error.strerror or str(error)) from error

    def _trouble(self, action: str, why: str) -> StoreError:
        folder = self.path.parent
        if action == "written" and folder.is_dir() and not os.access(folder, os.W_OK):
            why = "the store is read-only"  # SQLite only says that it cannot open its file
        return StoreError(
            f"the records cannot be {action}: {why} ({self.path})",
            hint="check the free space and the permissions of the folder",
            code="records",
        )


DAMAGED = (
    "nothing was changed; put a backup in its place, or move it away: results stay cached, only the list of runs"
    " begins anew"
)


def _connected(name: str) -> sqlite3.Connection:
    uri = name.startswith("file:")
    connection = sqlite3.connect(name, timeout=PATIENCE, uri=uri, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


def _set_journal(connection: sqlite3.Connection, mode: str) -> None:
    """Sets the journal's mode; SQLite refuses at once, without waiting, while another process prepares the file."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute(f"pragma journal_mode = {mode}")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _in_memory(connection: sqlite3.Connection) -> sqlite3.Connection:
    memory = _connected(":memory:")
    connection.backup(memory)
    return memory


def _newest(connection: sqlite3.Connection) -> sqlite3.Connection:
    migrate(connection)
    return connection


def _refuse_newer(connection: sqlite3.Connection) -> int:
    version = version_of(connection)
    if version > VERSION:
        raise StoreError(
            f"the records were written by a newer Headway (format {version}, this one knows {VERSION})",
            hint="update headway; nothing was changed",
            code="newer-store",
        )
    return version


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
