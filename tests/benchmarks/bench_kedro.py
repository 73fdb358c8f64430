"""Five no-op stages in this process, beside Kedro's five no-op nodes in its own.

Headway plans, records a run, and saves every result durably; Kedro's sequential runner keeps them in memory. Kedro
lives in an environment of its own, made once under ``.benchmarks`` (it needs another omegaconf).
"""

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

from headway.config import check, compose
from headway.executors import InProcess
from headway.opening import open_journal
from headway.runner import execute
from headway.session import Session

from tests.benchmarks.ratio import Ratio, compare

VERSION = "1.7.0"
HOME = Path(__file__).parents[2] / ".benchmarks" / f"kedro-{VERSION}"
ROUNDS, STAGES = 21, 5
PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar
from headway import Context, Stage
from headway.contracts.artifact import Artifact

@dataclass(frozen=True)
class Number(Artifact):
    type_name: ClassVar[str] = "number"
    value: int
    def save(self, folder):
        (folder / "number").write_text(str(self.value))
    @classmethod
    def load(cls, folder, lookup):
        return cls(int((folder / "number").read_text()))

@dataclass(frozen=True)
class First(Stage):
    start: int = 0
    def run(self, context: Context) -> Number:
        return Number(self.start)

@dataclass(frozen=True)
class Next(Stage):
    def run(self, context: Context, before: Number) -> Number:
        return Number(before.value + 1)

def headway_register(registry):
    registry.add("artifact", "number", Number)
    registry.add("step", "first", First)
    registry.add("step", "next", Next)
"""
EXPERIMENT = (
    """# @package _global_
defaults:
  - /step@s0: first
"""
    + "".join(f"  - /step@s{n}: next\n" for n in range(1, STAGES))
    + f"pipeline: [{', '.join(f's{n}' for n in range(STAGES))}]\n"
    + "".join(f"s{n}: {{inputs: {{before: s{n - 1}}}}}\n" for n in range(1, STAGES))
)
THEIRS = f"""
import logging, sys
from kedro.io import DataCatalog
from kedro.pipeline import node, pipeline
from kedro.runner import SequentialRunner
logging.disable()
def first():
    return 0
def following(number):
    return number + 1
later = [node(following, f"s{{n - 1}}", f"s{{n}}", name=f"n{{n}}") for n in range(1, {STAGES})]
steps = pipeline([node(first, None, "s0"), *later])
for line in sys.stdin:
    SequentialRunner().run(steps, DataCatalog())
    print("done", flush=True)
"""


class Silent:
    def stage_started(self, *_): ...

    stage_waiting = step = progress = output = stage_finished = stage_started


def measure() -> Iterator[Ratio]:
    theirs = _kedro()
    if theirs is None:
        print("     Kedro could not be installed here: nothing to compare with")
        return
    with tempfile.TemporaryDirectory() as folder:
        session, experiments = _ours(Path(folder))
        waiting = iter(experiments)

        def run_new():
            experiment = next(waiting)
            plan = session.plan([experiment])
            with open_journal(session, plan, [experiment], Silent()) as journal, InProcess(session.plugins) as executor:
                assert execute(plan, executor, journal, (session.store, session.project))

        def run_theirs():
            theirs.stdin.write("run\n")
            theirs.stdin.flush()
            while theirs.stdout.readline() != "done\n":  # Kedro logs to standard output as it is imported
                assert theirs.poll() is None

        name = f"{STAGES} no-op stages, planned, recorded and saved, to Kedro's in memory"
        yield compare(name, run_new, run_theirs, budget=10, rounds=ROUNDS)
    theirs.stdin.close()
    theirs.wait()


def _ours(folder: Path):
    (folder / "plugins").mkdir()
    (folder / "plugins" / "steps.py").write_text(PLUGIN)
    (folder / "configs" / "experiment").mkdir(parents=True)
    (folder / "configs" / "experiment" / "steps.yaml").write_text(EXPERIMENT)
    session = Session.open(folder)
    words = [["experiment=steps", f"s0.start={number}"] for number in range(ROUNDS + 1)]
    return session, [check(compose(folder, some, session.plugins), session.plugins) for some in words]


def _kedro() -> subprocess.Popen[str] | None:
    python = HOME / "bin" / "python"
    if not python.exists():
        venv.create(HOME, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", f"kedro=={VERSION}"]
        if subprocess.run(install, check=False, capture_output=True).returncode:
            return None
    return subprocess.Popen(
        [python, "-W", "ignore", "-c", THEIRS], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(0 if all(result.within for result in measure()) else 1)
