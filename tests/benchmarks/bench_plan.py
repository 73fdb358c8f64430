"""A plan of 200 stages: the first time and again."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.ratio import Ratio, command, compare
from tests.integration.conftest import write_toy

STAGES = 200
NAMES = [f"s{number}" for number in range(STAGES)]
EXPERIMENT = "\n".join(
    [
        "# @package _global_",
        "defaults:",
        "  - /lines: file",
        *(f"  - /model@{name}: count" for name in NAMES),
        "name: big",
        f"pipeline: [lines, {', '.join(NAMES)}]",
        "lines: {path: lines.txt}",
        *(f"{name}: {{power: {number + 1}}}" for number, name in enumerate(NAMES)),
    ]
)


def measure() -> Iterator[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        project = write_toy(Path(folder))
        (project.folder / "configs" / "experiment" / "big.yaml").write_text(EXPERIMENT)
        for path in project.folder.rglob("*.*"):
            os.utime(path, (1_700_000_000, 1_700_000_000))  # what was written just now is not remembered
        cache = project.folder / "cache"
        os.environ["XDG_CACHE_HOME"] = str(cache)
        plan = command("-m", "headway.cli.main", "plan", "experiment=big", cwd=folder)
        hydra = command("-c", "import hydra", cwd=folder)

        def first():
            shutil.rmtree(cache, ignore_errors=True)
            shutil.rmtree(project.folder / ".headway", ignore_errors=True)
            plan()

        yield compare(f"plan of {STAGES} stages, nothing known, to import hydra", first, hydra, budget=15, rounds=3)
        command("-m", "headway.cli.main", "run", "experiment=big", "runner.isolate=false", cwd=folder)()
        yield compare(f"plan of {STAGES} stages, all cached, to import hydra", plan, hydra, budget=3, rounds=9)
