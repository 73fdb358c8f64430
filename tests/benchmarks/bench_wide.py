"""Wide networks on a CPU: what dropout, bfloat16 and memory that is kept save a step of TabM's defaults."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from headway.allocator import keep_freed
from headway_lightning.dropout import Dropout
from headway_lightning.modules import threads
from headway_lightning.zoo.ensembling import members
from headway_lightning.zoo.tabm import TabM

from tests.benchmarks.bench_training import with_torchs_dropout
from tests.benchmarks.ratio import Ratio, compare

ROWS, INPUTS, STEPS, ROUNDS = 256, 8, 5, 5
FLAGS = ("avx512_bf16", "amx_bf16")
"""Of processors that multiply bfloat16."""


def measure() -> Iterator[Ratio]:
    """On one thread; bfloat16 only where the processor multiplies it."""
    with threads(1):
        yield compare(
            "dropout of 256 x 32 x 512 units, to torch's", silencing(Dropout(0.1)), silencing(torch.nn.Dropout(0.1)),
            budget=0.6, rounds=ROUNDS,
        )  # fmt: skip
        plain, ours = step(half=False, torchs=True), step(half=False, torchs=False)
        yield compare("a step of TabM in float32, to torch's dropout", ours, plain, budget=1.0, rounds=ROUNDS)
        if multiplies_bfloat16():
            half = step(half=True, torchs=False)
            yield compare("the same in bfloat16, to float32 and torch's", half, plain, budget=0.7, rounds=ROUNDS)
    times = {word: [seconds(word) for _ in range(3)] for word in ("keep", "return")}
    kept, returned = (statistics.median(times[word]) for word in ("keep", "return"))
    yield Ratio("a step of TabM where freed memory stays, to where not", kept, returned, 1.0)


def silencing(layer: torch.nn.Module) -> Callable[[], None]:
    """Forward and backward."""
    given = torch.randn(ROWS, 32, 512, requires_grad=True)
    down = torch.ones_like(given)
    return lambda: layer(given).backward(down)


def step(*, half: bool, torchs: bool) -> Callable[[], None]:
    """A step of the optimizer as the stage takes it, with gradients clipped."""
    torch.manual_seed(0)
    network = members(TabM(share_batches=True), [1] * INPUTS, 1, normal=False).train()
    if torchs:
        with_torchs_dropout(network)
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    rows, target = torch.randn(ROWS, INPUTS), torch.randn(ROWS, 1, 1)

    def take() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            scores = network(rows)
        (scores.float() - target).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    return take


def multiplies_bfloat16() -> bool:
    """Whether the processor says so."""
    told = Path("/proc/cpuinfo")
    return told.exists() and any(flag in told.read_text() for flag in FLAGS)


def seconds(word: str) -> float:
    """A step in a process of its own, CPU time."""
    done = subprocess.run([sys.executable, "-m", __name__, word], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main(word: str) -> None:
    """Prints the seconds of a step, after some that are not counted."""
    if word == "keep":
        keep_freed()
    with threads(1):
        take = step(half=multiplies_bfloat16(), torchs=False)
        take()
        start = time.process_time()
        for _ in range(STEPS):
            take()
        print((time.process_time() - start) / STEPS)


if __name__ == "__main__":
    main(sys.argv[1])
