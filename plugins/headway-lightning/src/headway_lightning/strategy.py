"""Lightning's data parallelism among processes that exist already."""

from __future__ import annotations

from lightning.fabric.plugins.environments import ClusterEnvironment
from lightning.pytorch.strategies import DDPStrategy

from headway_lightning.group import Group


class Seats(ClusterEnvironment):
    """Tells Lightning which of the processes this is; they have met before.

    Args:
        group: This process, and how many there are.
    """

    def __init__(self, group: Group) -> None:
        super().__init__()
        self._group = group

    @property
    def creates_processes_externally(self) -> bool:
        """They are not Lightning's."""
        return True

    @property
    def main_address(self) -> str:
        """Of no use: they meet through a file."""
        return "127.0.0.1"

    @property
    def main_port(self) -> int:
        """Likewise."""
        return 0

    @staticmethod
    def detect() -> bool:
        """Never by itself."""
        return False

    def world_size(self) -> int:
        """How many there are."""
        return self._group.size

    def set_world_size(self, size: int) -> None:
        """It is known."""

    def global_rank(self) -> int:
        """The number of this one."""
        return self._group.rank

    def set_global_rank(self, rank: int) -> None:
        """It is known."""

    def local_rank(self) -> int:
        """The same: all are on one machine."""
        return self._group.rank

    def node_rank(self) -> int:
        """The same machine."""
        return 0


class Parallel(DDPStrategy):
    """DistributedDataParallel; buffers are the same in all processes anyway (see `headway_lightning.norms`).

    Args:
        group: This process, and how many there are.
    """

    def __init__(self, group: Group) -> None:
        super().__init__(cluster_environment=Seats(group), broadcast_buffers=False)

    def _configure_launcher(self) -> None:
        """None: Lightning's would start scripts, and change the number of threads."""
