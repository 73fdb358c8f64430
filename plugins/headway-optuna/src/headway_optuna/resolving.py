"""From the words of the command line to a search: every fault is told before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from headway.errors import ConfigError, HeadwayError, UsageError
from headway.stage import build_used
from headway.sweeping import read_word

from headway_optuna.objective import Metric, metric_of, objectives
from headway_optuna.search import Search
from headway_optuna.space.command_line import split
from headway_optuna.space.grammar import Misuse, meaning
from headway_optuna.space.probing import check
from headway_optuna.space.reading import read
from headway_optuna.space.resolving import resolved
from headway_optuna.space.space import Space

if TYPE_CHECKING:
    from headway.errors import Place

    from headway_optuna.config import Sweep

NODE = "sweep"


class Variants(Protocol):
    """What is needed of `headway.variants.Variants`."""

    def experiment(self, words: Sequence[str]) -> Any:
        """The experiment of the base's words and these."""

    def options(self, group: str) -> list[str]:
        """The options of a config group."""


@dataclass(frozen=True)
class Asked:
    """What a command asks for.

    Attributes:
        search: The search.
        variants: Makes the configs of its trials.
        base: The experiment that they start from; of choices that are searched, it has the first.
    """

    search: Search
    variants: Variants
    base: Any


def asked(words: Sequence[str], session: Any) -> Asked:
    """Resolves the words of a command.

    Args:
        words: All words; those that ask for several values are what is searched.
        session: The command line's session.

    Raises:
        ConfigError: Every fault of the space, the objectives and the configs that they lead to.
        UsageError: The sampler or the pruner cannot work with them.
    """
    sweeps, others = split(words)
    plain = [word for word in others if not word.startswith(f"{NODE}.")]  # trials do not depend on how they are sought
    variants = session.variants(plain)
    base = session.variants(others).experiment(tuple(_firsts(sweeps, variants.options)))
    node: Sweep = base.nodes[NODE]
    stages = {stage.name: type(stage.stage) for stage in base.stages}

    def place(path: Sequence[Any]) -> Place | None:
        return base.config.place((NODE, *path))

    faults: list[HeadwayError] = []
    space = _collected(faults, lambda: read(sweeps, node, place, stages, variants.options, others))
    wanted = _collected(
        faults,
        lambda: objectives(node.optimize, list(stages), _metrics(session.plugins.registry), base.config.place),
    )
    if space is not None:
        faults += check(space, variants.experiment)
    if faults or space is None or wanted is None:
        raise ConfigError(faults)
    seed = base.seed if node.seed is None else node.seed
    sampler = build_used(node.sampler, "sampler", session.plugins.registry)
    pruner = build_used(_pruner(node, base, len(wanted)), "pruner", session.plugins.registry)
    sampler.check(space, len(wanted))
    pruner.check(len(wanted))
    watched = tuple(_watched(space, list(stages)))
    name = node.name or base.name
    told = [hidden for word, hidden in zip(others, base.words, strict=False) if word in plain]  # without secrets
    return Asked(Search(name, node, tuple(told), space, wanted, watched, sampler, pruner, seed), variants, base)


def _firsts(sweeps: Sequence[str], options: Callable[[str], list[str]]) -> Iterator[str]:
    """The first option of each group that is searched: the config has to be composed to be read."""
    for text in sweeps:
        word = read_word(text)
        known = options(word.key.partition("@")[0])
        if not known or word.value is None:
            continue
        try:
            distribution, _ = resolved(meaning(word.value), known)
        except (Misuse, HeadwayError):  # told when the space is read
            continue
        yield f"{word.prefix}{word.key}={distribution.probes()[0]}"


def _metrics(registry: Any) -> dict[str, bool | None]:
    """The registered metrics, and whether more is better."""
    return {name: registry.get("metric", name).maximize for name in registry.names("metric")}


def _collected(faults: list[HeadwayError], call: Callable[[], Any]) -> Any:
    """What a call gives, or None and its faults in the list."""
    try:
        return call()
    except ConfigError as error:
        faults += error.faults
        return None


def _pruner(node: Sweep, base: Any, count: int) -> str | Mapping[str, Any]:
    """The pruner; nothing is pruned by several objectives unless somebody says so, which is then refused."""
    said = base.config.written((NODE, "pruner")) is not None
    return node.pruner if said or count == 1 else "none"


def _watched(space: Space, stages: Sequence[str]) -> Iterator[Metric]:
    for name in dict.fromkeys(name for constraint in space.constraints for name in constraint.metrics):
        try:
            yield metric_of(name, stages)
        except HeadwayError as error:
            raise UsageError(f"sweep.constraints: {error.what}", hint=error.hint, code=error.code) from error
