"""How much memory there is to take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

GROUPS = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Control groups of both versions: where they are, the limit, what is in use, and what of it files can give back."""


def available() -> int:
    """Bytes that can be taken without swapping: of the machine, or of the control groups that limit this process."""
    return max(0, min((_of_machine(), *_of_groups())))


def _of_machine() -> int:
    with suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2  # not Linux: nobody tells, so half of it all


def _of_groups() -> Iterator[int]:
    """What each control group leaves; none where there is no limit."""
    for root, limit, used, files in GROUPS:
        for folder in {root, *_own(root)}:
            with suppress(OSError, ValueError):  # "max" is no limit
                stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                taken = int((folder / used).read_text()) - int(stat.get(files, 0))
                yield int((folder / limit).read_text()) - taken


def _own(root: Path) -> Iterator[Path]:
    """The folder of this process's group, where it is to be seen."""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            if not kinds or "memory" in kinds.split(","):
                yield root / path.lstrip("/")
