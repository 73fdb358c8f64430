"""What the C library does with memory that a stage has freed; only glibc lets itself be told."""

from __future__ import annotations

import ctypes
from typing import Any

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Options of mallopt(3): ``M_TRIM_THRESHOLD`` and ``M_MMAP_THRESHOLD``."""
MOST = {TRIM_THRESHOLD: 2**31 - 1, MMAP_THRESHOLD: 2**25}
"""The greatest bytes that each takes."""


def keep_freed() -> None:
    """Lets this process keep what it frees.

    A network asks for the same megabytes at every step. From the system they come as pages that the kernel has to
    clear one by one, which was an eighth of the time of a wide network on a CPU.
    """
    glibc = _glibc()
    for option, most in MOST.items() if glibc else ():
        glibc.mallopt(option, most)


def give_back() -> None:
    """Returns to the system what is free."""
    glibc = _glibc()
    if glibc:
        glibc.malloc_trim(0)


def _glibc() -> Any:
    """The C library of this process; None if it is another one."""
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # pragma: no cover - no dlopen of oneself on this system
        return None
    return library if hasattr(library, "malloc_trim") else None
