"""What Headway measures, and what it has measured before."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from headway.cli.progress import progress
from headway.planning import Node
from headway.session import Session

from tests.benchmarks.paper.cell import Cell


@dataclass(frozen=True)
class Measured:
    """A test metric over seeds.

    Attributes:
        values: One a seed.
        seconds: What training took, for each seed of which a record says so.
    """

    values: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Over seeds."""
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float:
        """Standard deviation over seeds (ddof 0), as the papers'."""
        return statistics.pstdev(self.values)


def overrides(cell: Cell, seeds: int) -> list[str]:
    """The grid of a cell."""
    return [*cell.overrides, f"seed={','.join(map(str, range(seeds)))}"]


def run(session: Session, cell: Cell, seeds: int) -> bool:
    """Runs the seeds of a cell that are not cached; whether all succeeded. What fails is told, and ends no other."""
    with progress() as listener:
        results = session.run(overrides(cell, seeds), listener=listener, multirun=seeds > 1, keep_going=True)
    failures = dict.fromkeys(stage.failure for result in results for stage in result.stages if stage.failure)
    for failure in failures:
        print(f"{' '.join(cell.overrides)}: {failure.what}")
    return not failures


def known(session: Session, cell: Cell, seeds: int) -> Measured:
    """What the store holds of a cell as its config and code are now; trains nothing."""
    experiments = session.experiments(overrides(cell, seeds), multirun=seeds > 1)
    found = Measured()
    for node in session.plan(experiments).nodes:
        if node.entry is None:
            continue
        times = len(node.labels)
        if node.stage.kind == "evaluation":
            found.values.extend([node.entry.metrics[f"test.{cell.metric}"]] * times)
        if node.stage.kind == "model":
            found.seconds.extend(_seconds(session, node))
    return found


def _seconds(session: Session, node: Node) -> Iterator[float]:
    """How long the stage took in the run that made its artifact."""
    assert node.entry is not None
    for user in session.records.users(node.entry.digest):
        for stage in session.records.show(user).stages:
            if stage.key == node.key and stage.status == "done" and stage.seconds:
                yield stage.seconds
                return
