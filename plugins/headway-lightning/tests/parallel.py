"""Trains on two processes, of which this one can be killed: ``python parallel.py PROJECT WORK [STEP]``.

Tells the numbers of the further processes on standard output before it kills itself, before a step of the optimizer.
"""

import importlib.util
import itertools
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from headway.plugins import load
from headway.testing import Recorder, make_context
from headway_lightning import Trainer


def beside(name):
    """A module of this folder."""
    spec = importlib.util.spec_from_file_location(f"lightning_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLUGIN = '''
from dataclasses import dataclass
from typing import Any

from headway_lightning import NetworkStage


@dataclass(frozen=True)
class Normed(NetworkStage):
    """Batch normalisation over the whole batch, and a process that can go wrong."""

    wrong: bool = False
    """Whether the second process fails at its third batch."""

    def network(self, inputs: int, outputs: int) -> Any:
        from torch import distributed, nn

        wrong, batches = self.wrong, []

        class Flawed(nn.Module):
            def forward(self, x):
                batches.append(1)
                if wrong and len(batches) > 3 and distributed.get_rank() == 1:
                    raise ValueError("the second process has a flaw")
                return x

        return nn.Sequential(
            nn.Linear(inputs, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), Flawed(), nn.Linear(8, outputs)
        )


def headway_register(registry):
    registry.add("model", "normed", Normed)
'''
TWO = Trainer(
    max_epochs=4, devices=2, accumulate=2, gradient_clip=0.5, max_time="1h", accelerator="cpu", checkpoint_every="1us"
)


def features(**more):
    """Weights that differ, so that no part of a batch counts as much as another; 303 rows leave odd batches."""
    hand, splits = beside("conftest"), {"train": 303, "validation": 41}
    return hand.make_features(
        hand.THREE, noise=1.0, splits=splits, weight=lambda random, rows: random.uniform(0.1, 3, rows), **more
    )


def setting(project, work, recorder=None):
    """The stage's class and a context, with the plugin of a project."""
    (project / "plugins").mkdir(parents=True, exist_ok=True)
    (project / "plugins" / "normed.py").write_text(PLUGIN)
    registry = load(project).registry
    context = replace(make_context(work, registry, recorder=recorder or Recorder()), project=project)
    return registry.get("model", "normed"), context


def stage_of(normed, **more):
    plain = {"batch_size": 4, "embedding": 2, "seed": 3, "learning_rate": 1e-2, "trainer": TWO}
    return normed(**(plain | {"loss": {"cross_entropy": {"class_weight": "balanced"}}} | more))


def _killing_before(step):
    import torch
    from headway_lightning import ranks

    taken, plain, start, started = itertools.count(1), torch.optim.AdamW.step, ranks._start, []

    def counted(self, *given):
        if next(taken) == step:
            print(*(process.pid for process in started), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(self, *given)

    torch.optim.AdamW.step = counted
    ranks._start = lambda *given: (started.append(start(*given)), started[-1])[1]


def main(project, work, step=0):
    if int(step):
        _killing_before(int(step))
    normed, context = setting(Path(project), Path(work))
    stage_of(normed).run(context, features())


if __name__ == "__main__":
    main(*sys.argv[1:])
