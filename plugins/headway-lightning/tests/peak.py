"""Tells what memory a training takes whose rows are mapped, and one whose rows are copied: ``python peak.py FOLDER``.

Memory that belongs to no file, in bytes beyond what the process had before: the rest the system can take back.
"""

import sys
from pathlib import Path
from threading import Event, Thread

import numpy as np
import torch
from headway.contracts import Features
from headway.plugins import load
from headway.testing import make_context
from headway_lightning import Trainer, rows
from headway_lightning.zoo.mlp import MLP

STAGE = MLP(layers=(8,), batch_size=64, trainer=Trainer(max_epochs=1, accelerator="cpu"))


def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def peak(call):
    before, most, over = anonymous(), [0], Event()

    def watch():
        while not over.wait(0.002):
            most[0] = max(most[0], anonymous())

    watcher = Thread(target=watch)
    watcher.start()
    call()
    over.set()
    watcher.join()
    return most[0] - before


def copied(self):
    return rows.Held([*(torch.from_numpy(np.array(array)) for array in self._read(slice(None))), self.weight])


def main(folder):
    registry = load().registry

    def train(name, how):
        STAGE.run(make_context(folder / f"{name}-{how}", registry), Features.load(folder / name, registry))

    rows.SAMPLE = 2**22
    rows.available = lambda: 0
    train("small", "first")  # what is taken once and for all
    print(peak(lambda: train("large", "mapped")))
    rows.available = lambda: 1 << 40
    rows.Mapped.held = copied
    print(peak(lambda: train("large", "copied")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
