"""Keeps Lightning from talking, and from leaving its marks on the process."""

from __future__ import annotations

import logging
import os
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


@contextmanager
def quietly(on_gpu: bool = False) -> Iterator[None]:
    """Silences Lightning; afterwards torch's random state and settings, and Ctrl-C, are what they were."""
    # Deterministic matrix products on a GPU. It is read once in a process, of which this may be the first training.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with ExitStack() as stack:
        stack.enter_context(_silent_loggers())
        stack.enter_context(_same_signals())
        stack.enter_context(_same_torch(on_gpu))
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", module=r"lightning\.")
        # torch's and Lightning's releases deprecate one another's calls; neither is ours to mend.
        warnings.filterwarnings("ignore", module=r"torch\.utils\._pytree")
        yield


@contextmanager
def _silent_loggers() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _same_signals() -> Iterator[None]:
    """Only the main thread may, and Lightning only does it there."""
    here = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT) if here else None
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)


@contextmanager
def _same_torch(on_gpu: bool) -> Iterator[None]:
    deterministic = torch.are_deterministic_algorithms_enabled()
    try:
        with torch.random.fork_rng([torch.cuda.current_device()] if on_gpu else []):
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic)
