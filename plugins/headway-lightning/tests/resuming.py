"""Trains in a process of its own, to be killed: ``python resuming.py WORK SAVED [KILL_AFTER]``.

WORK is the stage's work folder, SAVED where the model goes; after KILL_AFTER reports the process kills
itself with SIGKILL, between the end of validation and the epoch's checkpoint.
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conftest import make_features
from headway.testing import Recorder, make_context
from headway_lightning import Trainer
from headway_lightning.zoo.mlp import MLP

STAGE = MLP(
    layers=(16,),
    dropout=0.3,
    batch_size=64,
    learning_rate=1e-2,
    embedding=2,
    seed=3,
    trainer=Trainer(max_epochs=6, accelerator="cpu"),
)


class Killing(Recorder):
    """Ends the process, as ``kill -9`` does, at a given report."""

    after = 0

    def report(self, step, metrics):
        super().report(step, metrics)
        if step == self.after:
            os.kill(os.getpid(), signal.SIGKILL)


def main(work, saved, after=0):
    recorder = Killing()
    recorder.after = int(after)
    model = STAGE.run(make_context(Path(work), recorder=recorder), make_features(noise=1.0))
    Path(saved).mkdir()
    model.save(Path(saved))
    print(*(step for step, _ in recorder.reports))


if __name__ == "__main__":
    main(*sys.argv[1:])
