"""Images by the repository's own experiments: errors on the test rows beside those of scikit-learn's models.

Digits ship with scikit-learn. MNIST-15k is read where ``HEADWAY_BENCH_DATA`` names a folder that has it; the figures
beside it were measured for its README, on the 5,000 training images of which the network is given 4,500.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headway.contracts import TARGET, Features
from headway.plugins import load

from tests.benchmarks.ratio import Ratio

CONFIGS = Path(__file__).parents[2] / "configs"
MNIST = {"logistic regression": (0.9016, 0.3), "3 nearest neighbours": (0.9340, 0.4), "SVC": (0.9573, 0.6)}
"""Accuracy of others, and what share of their errors ours may have."""


@dataclass(frozen=True)
class Errors(Ratio):
    """Shares of wrong answers."""

    def __str__(self) -> str:
        verdict = "ok  " if self.within else "OVER"
        figures = f"accuracy {1 - self.ours:.4f} / {1 - self.theirs:.4f}"
        return f"{verdict} {self.name:<58} {self.value:6.2f}x  (budget {self.budget:g}x)  {figures}"


def measure() -> Iterator[Ratio]:
    """Errors of a convolutional network to those of others."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copytree(CONFIGS, project / "configs")
        ours = _errors(project, "digits")
        for name, (theirs, budget) in _others(project).items():
            yield Errors(f"digits: test errors of cnn, to {name} on the same rows", ours, theirs, budget)
        data = os.environ.get("HEADWAY_BENCH_DATA")
        if data is None or not (Path(data) / "mnist_15k").exists():
            return
        ours = _errors(project, "mnist", HEADWAY_DATA=data)
        for name, (accuracy, budget) in MNIST.items():
            yield Errors(f"MNIST-15k: test errors of cnn, to {name}", ours, 1 - accuracy, budget)


def _errors(project: Path, experiment: str, **more: str) -> float:
    """The share of test rows that the experiment's model gets wrong."""
    command = [sys.executable, "-m", "headway.cli.main", "run", f"experiment={experiment}"]
    done = subprocess.run(command, cwd=project, env=os.environ | more, check=True, capture_output=True, text=True)
    found = re.search(r"^test\.accuracy +([\d.]+)", done.stdout, re.MULTILINE)
    return 1 - float(found[1]) if found else float("nan")


def _others(project: Path) -> dict[str, tuple[float, float]]:
    """The same of scikit-learn's models on the arrays of the last run, and budgets: of 360 rows, an error is .0028."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    features = Features.load(project / ".headway" / "runs" / "latest" / "features", load().registry)
    train, test = (features.source(split).batch() for split in ("train", "test"))
    flat = [batch["tensor"].reshape(len(batch[TARGET]), -1) for batch in (train, test)]
    models = {"SVC": (SVC(C=10), 3.0), "logistic regression": (LogisticRegression(max_iter=1000), 0.5)}
    return {
        name: (1 - float(model.fit(flat[0], train[TARGET]).score(flat[1], test[TARGET])), budget)
        for name, (model, budget) in models.items()
    }
