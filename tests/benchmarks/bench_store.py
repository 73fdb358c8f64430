"""The store at the size it grows to: many runs, large artifacts, large source files."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from headway.contracts.artifact import Artifact
from headway.store import Remembered, open_store
from headway.store.folder import FolderStore
from headway.testing.records import RUN, STAGE

from tests.benchmarks.ratio import Ratio, command, compare

RUNS = 10_000
GIB = 1 << 30
KEY = "a" * 64


def measure() -> Iterator[Ratio]:
    with tempfile.TemporaryDirectory() as name:
        yield from _runs(Path(name))
    with tempfile.TemporaryDirectory() as name:
        yield from _artifacts(Path(name))
    with tempfile.TemporaryDirectory() as name:
        yield from _sources(Path(name))


def _runs(folder: Path) -> Iterator[Ratio]:
    """A list of the newest, and one that filters and sorts by metrics and config values."""
    (folder / "configs").mkdir()
    _record(folder / ".headway")
    hydra = command("-c", "import hydra", cwd=str(folder))
    filters = ("--where", "evaluation.test.auroc>=0.9", "--where", "model.dropout=0.2", "--sort=-evaluation.test.auroc")
    for words in ((), filters):
        ours = command("-m", "headway.cli.main", "runs", "list", *words, cwd=str(folder))
        name = f"runs list, {RUNS:,} runs{', filtered and sorted' if words else ''}, to import hydra"
        yield compare(name, ours, hydra, budget=1.75, rounds=9)


def _record(root: Path) -> None:
    records = open_store(root).records
    config = {"model": {"dropout": 0.1, **{f"field{n}": n * 1.5 for n in range(30)}}, "data": {"path": "rows.parquet"}}
    for number in range(RUNS):
        dropout = {**config["model"], "dropout": number % 5 / 10}
        run = replace(RUN, id=f"run-{number:06}", name=f"name{number % 20}", config={**config, "model": dropout})
        records.open_run(run)
        for label in ("data", "model", "evaluation"):
            metrics = {f"test.metric{n}": n / 10 for n in range(5)} | {"test.auroc": number % 1000 / 1000}
            records.write_stage(run.id, replace(STAGE, label=label, metrics=metrics))
        records.close_run(run.id, "done", number / 100)
    records.close()


@dataclass(frozen=True)
class Large(Artifact):
    """Files that are made before the clock starts, and moved into place."""

    type_name: ClassVar[str] = "large"
    source: Path

    def save(self, folder):
        for path in self.source.iterdir():
            path.rename(folder / path.name)

    @classmethod
    def load(cls, folder, lookup):
        raise AssertionError("what is measured loads nothing")


def _artifacts(folder: Path) -> Iterator[Ratio]:
    """One GiB in four files. Both write it, for that is part of saving, and both end with its hash."""
    block = os.urandom(GIB // 4)
    store, fresh = FolderStore(folder / "store"), iter(range(100))

    def ours():
        source = folder / "source"
        source.mkdir()
        _write(source, block)
        store.save(f"{next(fresh):064x}", Large(source), metrics={}, history=[], components={})
        source.rmdir()
        _clear(store.root)

    def theirs():
        copy = folder / "copy"
        copy.mkdir()
        _write(copy, block)
        _sync(copy)
        _hash(copy)
        shutil.rmtree(copy)

    yield compare("save 1 GiB, to writing, syncing and hashing it", ours, theirs, budget=1.1, rounds=3)
    yield from _found(folder, block)


def _write(folder: Path, block: bytes) -> None:
    for number in range(4):
        (folder / f"{number}.npy").write_bytes(block)


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())


def _hash(folder: Path) -> None:
    for path in folder.glob("*.npy"):
        with path.open("rb") as stream:
            hashlib.file_digest(stream, "sha256")


def _clear(root: Path) -> None:
    for name in ("artifacts", "entries"):
        shutil.rmtree(root / name)
        (root / name).mkdir()


def _found(folder: Path, block: bytes) -> Iterator[Ratio]:
    store, source = FolderStore(folder / "kept"), folder / "source"
    source.mkdir()
    _write(source, block)
    digest = store.save(KEY, Large(source), metrics={}, history=[], components={}).digest

    def written():
        (folder / "beside").write_bytes(b"x" * 1000)
        (folder / "beside").replace(folder / "place")

    yield compare(
        "verify 1 GiB, to SHA-256 of its files",
        lambda: store.verify(digest),
        lambda: _hash(store.path(digest)),
        budget=1.1,
        rounds=5,
    )
    yield compare("a hit on 1 GiB, to one write + rename", lambda: store.find(KEY), written, budget=5, rounds=51)


def _sources(folder: Path) -> Iterator[Ratio]:
    """10 GB of source files, when nothing has changed since they were read, among 100,000 files that are remembered."""
    files = [folder / f"part{number % 10}" / f"{number}.parquet" for number in range(1000)]
    for number in range(10):
        (folder / f"part{number}").mkdir()
    for path in files:
        with path.open("wb") as stream:
            stream.truncate(10_000_000)
        os.utime(path, (1, 1))
    store = open_store(folder / "store")
    for number in range(990):
        memory = {(f"{n}.csv", "content"): ("1:2:3", "a" * 64) for n in range(100)}
        store.records.remember(f"/elsewhere/{number}", memory)
    _fingerprints(store, files, _instead_of_10_gb)
    store.records.close()
    hydra = command("-c", "import hydra", cwd=str(folder))
    name = "fingerprints of 10 GB in 1,000 files, the second time, to import hydra"
    yield compare(name, lambda: _fingerprints(store, files, _never), hydra, budget=0.25, rounds=9)


def _fingerprints(store, files, compute: Callable[[Path], str]) -> None:
    remembered = Remembered(store.records)
    for path in files:
        remembered.get(path, "content", compute)
    remembered.flush()
    store.records.close()


def _instead_of_10_gb(path: Path) -> str:
    """What the first reading is worth here is its size alone."""
    return f"{path.stat().st_size:064x}"


def _never(path: Path) -> str:
    raise AssertionError(f"{path} was read again")
