"""Training a network on a GPU: steps a second against the plain loop on the same one, and how busy it is meanwhile."""

import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from headway.plugins import load
from headway.testing import make_context
from headway_lightning import Trainer
from headway_lightning.zoo.mlp import MLP

from tests.benchmarks.bench_training import adult_like, in_turn, plain_loop
from tests.benchmarks.ratio import Ratio

EPOCHS = 10
ASK = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--id=0")


def measure() -> Iterator[Ratio]:
    """Small batches, where the host is the limit, and large ones; float32 and mixed precision."""
    if not torch.cuda.is_available():
        print("bench_gpu: skipped, since torch sees no CUDA device on this machine", file=sys.stderr)
        return
    features, registry = adult_like(), load().registry
    rows = len(features.source("train"))
    for size, precision in ((256, "32-true"), (4096, "32-true"), (4096, "bf16-mixed")):
        config = Trainer(max_epochs=EPOCHS, accelerator="cuda", precision=precision, deterministic=False)
        stage = MLP(patience=EPOCHS, batch_size=size, trainer=config)

        def ours(stage: MLP = stage) -> None:
            with tempfile.TemporaryDirectory() as folder:
                stage.run(make_context(Path(folder), registry), features)
            torch.cuda.synchronize()

        def theirs(stage: MLP = stage) -> None:
            with torch.autocast("cuda", torch.bfloat16, enabled=stage.trainer.precision != "32-true"):
                plain_loop(stage, features, "cuda")
            torch.cuda.synchronize()

        times = in_turn((ours, theirs), rounds=5)
        steps = EPOCHS * -(-rows // size)
        busy = {name: _busy(call) for name, call in (("ours", ours), ("plain", theirs))}
        speed, plain = (steps / min(taken) for taken in times)
        where = f"{torch.cuda.get_device_name()}, batches of {size}, {precision}"
        told = f"{speed:.0f} steps/s, plain {plain:.0f}; utilisation {busy['ours']:.0f} %, plain {busy['plain']:.0f} %"
        print(f"{where}: {told}", file=sys.stderr)
        for what, of in (("median", statistics.median), ("minimum", min)):
            name = f"2x256 MLP on a GPU, batches of {size}, {precision}, to plain torch, {what}"
            yield Ratio(name, of(times[0]), of(times[1]), 1.15)


def _busy(call: Callable[[], None]) -> float:
    """Mean utilisation of the GPU in percent while something runs three times, as the driver tells it."""
    over, found = threading.Event(), []

    def watch() -> None:
        while not over.wait(0.1):
            done = subprocess.run(ASK, capture_output=True, text=True, check=True)
            found.append(float(done.stdout))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(3):
            call()
    finally:
        over.set()
        watcher.join()
    return statistics.mean(found) if found else 0.0
