"""Start-up: what a user waits for before anything happens."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.ratio import Ratio, command, compare
from tests.integration.conftest import write_toy


def measure() -> Iterator[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        write_toy(Path(folder))
        headway = ("-m", "headway.cli.main")
        command(*headway, "run", "experiment=toy", cwd=folder)()
        hydra = command("-c", "import hydra", cwd=folder)
        for words, budget in (("--help",), 0.6), (("plan", "experiment=toy"), 3), (("run", "experiment=toy"), 3):
            ours = command(*headway, *words, cwd=folder)
            name = f"headway {' '.join(words)}, all cached, to import hydra"
            yield compare(name, ours, hydra, budget=budget, rounds=9)
