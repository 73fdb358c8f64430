"""Trains in a process of its own, to be killed: ``python resuming.py WORK SAVED [report|step NUMBER]``.

WORK is the stage's work folder, SAVED where the model goes. The process kills itself with SIGKILL: after so many
reports, between the end of validation and the epoch's checkpoint, or before a step of the optimizer.
"""

import itertools
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import torch
from conftest import make_features
from headway.testing import Recorder, make_context
from headway_lightning import Trainer
from headway_lightning.zoo.mlp import MLP

STAGE = MLP(
    layers=(16,),
    dropout=0.3,
    batch_size=4,
    learning_rate=1e-3,
    embedding=2,
    seed=3,
    schedule="cosine",
    trainer=Trainer(max_epochs=6, accumulate=2, accelerator="cpu", checkpoint_every="1us"),
)
"""Three blocks of batches an epoch, each of which is kept."""


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


class Killing(Recorder):
    """Ends the process, as ``kill -9`` does, at a given report."""

    after = 0

    def report(self, step, metrics):
        super().report(step, metrics)
        if step == self.after:
            kill()


def killing_before(step):
    """Lets the optimizer take so many steps in this process."""
    taken, plain = itertools.count(1), torch.optim.AdamW.step

    def counted(self, *given):
        if next(taken) == step:
            kill()
        return plain(self, *given)

    torch.optim.AdamW.step = counted


def main(work, saved, what="", number=0):
    recorder = Killing()
    if what == "report":
        recorder.after = int(number)
    if what == "step":
        killing_before(int(number))
    model = STAGE.run(make_context(Path(work), recorder=recorder), make_features(noise=1.0))
    Path(saved).mkdir()
    model.save(Path(saved))
    print(int(recorder.progresses[0].done), *(step for step, _ in recorder.reports))


if __name__ == "__main__":
    main(*sys.argv[1:])
