"""The engine's own cost: cached stages and no-op stages, against one durable write."""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from headway import Context, Stage
from headway.contracts.artifact import Artifact
from headway.plugins import load
from headway.store.folder import FolderStore
from headway.task import Task
from headway.worker import execute

from tests.benchmarks.ratio import Ratio, compare

STAGES = 5


@dataclass(frozen=True)
class Empty(Artifact):
    type_name: ClassVar[str] = "empty"
    number: int

    def save(self, folder):
        (folder / "number").write_text(str(self.number))

    @classmethod
    def load(cls, folder, lookup):
        return cls(int((folder / "number").read_text()))


@dataclass(frozen=True)
class Nothing(Stage):
    number: int

    def run(self, context: Context) -> Empty:
        return Empty(self.number)


PLUGIN = (
    f"from {__name__} import Empty, Nothing\n"
    + """
def headway_register(registry):
    registry.add("artifact", "empty", Empty)
    registry.add("nothing", "nothing", Nothing)
"""
)


class Silent:
    def waiting(self): ...

    def step(self, step, metrics): ...

    def progress(self, progress): ...

    def output(self, text): ...


def durable_write(folder: Path) -> Callable[[], None]:
    def write():
        with (folder / "beside").open("wb") as stream:
            stream.write(b"x" * 1000)
            stream.flush()
            os.fsync(stream.fileno())
        (folder / "beside").replace(folder / "place")

    return write


def measure() -> Iterator[Ratio]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "nothing.py").write_text(PLUGIN)
        plugins, store = load(folder), FolderStore(folder / "store")
        fresh = iter(range(10**9))

        def run_new():
            for _ in range(STAGES):
                number = next(fresh)
                key, values = f"{number:064x}", {"number": number}
                task = Task("nothing", "nothing", "nothing", "nothing", key, values, {}, {}, str(store.root))
                assert execute(task, plugins, Silent()).status == "done"

        run_new()
        write = durable_write(folder)
        yield compare(
            "a cached stage, to one write + fsync + rename", lambda: store.find(f"{0:064x}"), write, budget=5, rounds=51
        )
        yield compare(
            f"{STAGES} no-op stages in-process, to one write + fsync + rename", run_new, write, budget=20, rounds=21
        )
