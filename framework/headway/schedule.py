"""Which stage of a plan may run next, and which cannot run any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.planning import Node, Plan


class Schedule:
    """The stages of a plan on their way from waiting to an artifact.

    A stage may start when all its inputs are there. A cached stage has its artifact, unless one of its inputs came
    out different from before (a forced stage that is not deterministic), so that it has to run as well. Effects
    start when all else of their experiments is there.

    Args:
        plan: The stages, inputs before what needs them.
        keep_going: Whether a failure stops only what needs the failed stage, or all that has not begun.

    Attributes:
        digests: Key to digest of what is there.
    """

    def __init__(self, plan: Plan, *, keep_going: bool = False) -> None:
        self._waiting = {node.key: node for node in plan.nodes}
        self._begun: dict[str, Node] = {}
        self._keep_going = keep_going
        self._changed: set[str] = set()
        self.digests: dict[str, str] = {}

    def cached(self, made: Collection[str] = ()) -> Iterator[Node]:
        """Takes the stages that need no work now, one after another.

        Args:
            made: Keys of what other plans have made since this one was drawn up.
        """
        while node := next((n for n in self._ready() if self._is_there(n, made)), None):
            yield self._waiting.pop(node.key)

    def _is_there(self, node: Node, made: Collection[str]) -> bool:
        return not self.must_run(node) and (node.entry is not None or node.key in made)

    @property
    def is_empty(self) -> bool:
        """Whether every stage was taken."""
        return not self._waiting

    def start(self, busy: Collection[str] = ()) -> Node | None:
        """Takes the next stage that may run, in the plan's order; None if all wait for those that run.

        Args:
            busy: Keys of stages that are not to be taken now.
        """
        node = next((node for node in self._ready() if node.key not in busy), None)
        if node is not None:
            self._begun[node.key] = self._waiting.pop(node.key)
        return node

    def give_up(self) -> list[Node]:
        """Takes all that has not begun: it will not run."""
        left = list(self._waiting.values())
        self._waiting = {}
        return left

    def put_back(self, node: Node) -> None:
        """A stage that was taken has to be begun once more, before all else."""
        del self._begun[node.key]
        self._waiting = {node.key: node, **self._waiting}

    def _ready(self) -> Iterator[Node]:
        for node in self._waiting.values():
            if all(key in self.digests for key in node.upstream) and not (node.effect and self._is_early(node)):
                yield node

    def _is_early(self, effect: Node) -> bool:
        """Whether some stage of an effect's experiments is still to come."""
        others = [*self._waiting.values(), *self._begun.values()]
        return any(not node.effect and node.labels.keys() & effect.labels.keys() for node in others)

    def _is_stale(self, node: Node) -> bool:
        return not self._changed.isdisjoint(node.upstream)

    def must_run(self, node: Node) -> bool:
        """Whether a stage is run although its key may lead to an artifact already."""
        return node.effect or node.forced or (node.entry is not None and self._is_stale(node))

    def done(self, node: Node, digest: str) -> None:
        """A stage has its artifact."""
        self._begun.pop(node.key, None)
        self.digests[node.key] = digest
        if node.before is not None and node.before.digest != digest:
            self._changed.add(node.key)

    def failed(self, node: Node, how: str = "failed") -> list[tuple[Node, str]]:
        """A stage has no artifact: those that will not run, each with the reason.

        Args:
            node: The stage.
            how: What has become of it, in the reasons.
        """
        self._begun.pop(node.key, None)
        lost = {node.key: node.label}
        skipped = []
        for other in list(self._waiting.values()):
            culprit = next((lost[key] for key in other.upstream if key in lost), None)
            if culprit or (other.effect and other.labels.keys() & node.labels.keys()):
                lost[other.key] = other.label
                skipped.append((other, f"needs {culprit or node.label}"))
            elif not self._keep_going:
                skipped.append((other, f"stopped when {node.label} {how}"))
        for other, _ in skipped:
            del self._waiting[other.key]
        return skipped
