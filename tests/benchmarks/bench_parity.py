"""The difference between a served graph and the framework's own prediction, for every model, on real and drawn rows.

Each model is trained for a moment on the Adult sample, `cnn` on digits, and exported: the gate of the export holds
the training, the validation and the test rows, and rows drawn to be hard (missing, infinite, unseen, exact edges),
against the framework's own prediction. What is told is the largest difference of a probability to the tolerance of
the gate, which would have failed above it, and how many decisions and bits over batch sizes differ.
"""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headway.planning import Selection
from headway.session import Session

from tests.benchmarks.ratio import Ratio

CONFIGS = Path(__file__).parents[2] / "configs"
SHORT = ("model.trainer.max_epochs=1", "model.trainer.max_steps=20", "model.trainer.accelerator=cpu")
SMALL = {
    "linear_network": (),
    "mlp": (),
    "resnet": (),
    "ft_transformer": ("model.width=64", "model.blocks=2"),
    "tabm": ("model.width=128", "model.blocks=2"),
}
NUMERIC = ((), ("model.numeric=piecewise_linear",), ("model.numeric=periodic",))
TREES = {
    "linear": (),
    "random_forest": ("model.n_estimators=30",),
    "hist_gradient_boosting": ("model.max_iter=30",),
    "lightgbm": ("model.max_iter=30",),
    "majority": (),
}
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Parity(Ratio):
    """The largest difference to what is tolerated."""

    flips: int = 0
    unequal: int = 0

    @property
    def within(self) -> bool:
        return super().within and not self.flips and not self.unequal

    def __str__(self) -> str:
        verdict = "ok  " if self.within else "OVER"
        figures = f"{self.ours:.1e}, {self.flips} decisions flipped, {self.unequal} rows unequal over batches"
        return f"{verdict} {self.name:<58} {self.value:6.4f}x  (budget {self.budget:g}x)  {figures}"


class Silent:
    def stage_started(self, *_): ...

    stage_waiting = step = progress = output = stage_finished = stage_started


def measure() -> Iterator[Ratio]:
    """One figure a model, and one for each way in which it takes numbers."""
    networks = [(name, (*more, *way, *SHORT)) for (name, more), way in itertools.product(SMALL.items(), NUMERIC)]
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copytree(CONFIGS, project / "configs")
        session = Session.open(project)
        for name, words in [*networks, *TREES.items()]:
            yield _parity(session, name, words)
        yield _parity(session, "cnn", SHORT, experiment="digits")


def _parity(session: Session, name: str, words: tuple[str, ...], experiment: str = "adult") -> Parity:
    asked = [f"experiment={experiment}", "baselines=[]", f"model={name}", *words]
    (result,) = session.run(asked, listener=Silent(), selection=Selection(to=("export",)))
    (export,) = [stage for stage in result.stages if stage.kind == "export"]
    if export.failure is not None:
        raise RuntimeError(export.failure.what)
    found = {key.removeprefix("parity."): value for key, value in export.metrics.items()}
    how = next((word.partition("=")[2] for word in words if word.startswith("model.numeric")), "")
    title = f"parity of {name} {how}".rstrip()
    flips = int(found["flips"] + found["batch_flips"])
    return Parity(title, found["max_difference"], TOLERANCE, 1, flips, int(found["batch_unequal_rows"]))
