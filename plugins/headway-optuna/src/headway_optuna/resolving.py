"""From the words of the command line to a search: every fault is told before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from headway.errors import ConfigError, HeadwayError, Place, UsageError
from headway.stage import build_used
from headway.sweeping import read_word

from headway_optuna.objective import Metric, Objective, lacking, metric_of, objectives
from headway_optuna.search import Search
from headway_optuna.space.command_line import split
from headway_optuna.space.grammar import Misuse, meaning
from headway_optuna.space.probing import check
from headway_optuna.space.reading import read
from headway_optuna.space.resolving import resolved
from headway_optuna.space.space import Space

if TYPE_CHECKING:
    from headway_optuna.config import Sweep

NODE = "sweep"
EXPERIMENT = "experiment"
Shown = Mapping[str, str]
"""The word of an option that stands for all that are searched → the word as it was typed."""


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
        base: The experiment that they start from; of choices that are searched, it has the first that can be composed.
        notes: What should be known before it begins, a sentence each.
    """

    search: Search
    variants: Variants
    base: Any
    notes: Sequence[str] = ()


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
    base = _base(sweeps, session.variants(others))
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
    faults += _folded(node, base)
    if space is not None:
        faults += check(space, lambda words: _holding(variants.experiment(words), wanted or []))
    if faults or space is None or wanted is None:
        raise ConfigError(faults)
    seed = base.seed if node.seed is None else node.seed
    sampler = build_used(node.sampler, "sampler", session.plugins.registry)
    pruner = build_used(_pruner(node, base, len(wanted)), "pruner", session.plugins.registry)
    sampler.check(space, len(wanted))
    pruner.check(len(wanted))
    watched = tuple(_watched(space, list(stages)))
    name = node.name or base.name
    session.opened.studies.folder(name)  # refuses what is no name
    told = tuple(hidden for word, hidden in zip(others, base.words, strict=False) if word in plain)  # without secrets
    notes = (*sampler.notes(space, len(wanted)), *pruner.notes(node.folds), *_passed_over(space, node, variants))
    return Asked(Search(name, node, told, space, wanted, watched, sampler, pruner, seed), variants, base, notes)


def _base(sweeps: Sequence[str], variants: Variants) -> Any:
    """The experiment to begin with, of the first options that can be composed: the others are told in their place."""
    groups = list(_options(sweeps, variants.options))
    first: ConfigError | None = None
    for turn in range(max((len(options) for _, options in groups), default=1)):
        shown = {options[min(turn, len(options) - 1)]: text for text, options in groups}
        try:
            return variants.experiment(tuple(shown))
        except ConfigError as error:
            first = first or ConfigError([_as_typed(fault, shown) for fault in error.faults])
            if not any(_word(fault) in shown for fault in error.faults):
                break
    assert first is not None  # noqa: S101 - a turn is left only with it
    raise first


def _options(sweeps: Sequence[str], options: Callable[[str], list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Each word that searches a config group, and the words that choose its options."""
    for text in sweeps:
        word = read_word(text)
        known = options(word.key.partition("@")[0])
        if not known or word.value is None:
            continue
        try:
            distribution, _ = resolved(meaning(word.value), known)
        except (Misuse, HeadwayError):  # told when the space is read
            continue
        yield text, [f"{word.prefix}{word.key}={option}" for option in distribution.probes()]


def _holding(experiment: Any, wanted: Sequence[Objective]) -> Any:
    """The experiment; raises a ConfigError if its pipeline lacks a stage that records an objective."""
    known = [stage.name for stage in experiment.stages]
    missing = [objective.metric for objective in wanted if objective.metric.stage not in known]
    if missing:
        raise ConfigError([HeadwayError(lacking(metric), code="objective") for metric in missing])
    return experiment


def _folded(node: Sweep, base: Any) -> Iterator[HeadwayError]:
    """Folds that the config chooses itself, where all are run."""
    split = base.public.get("data", {}).get("split")
    for key in ("folds", "fold") if node.folds is not None and isinstance(split, Mapping) else ():
        value = split.get(key)
        if value is not None and (key, value) != ("folds", node.folds):
            what = f"data.split.{key} is {value}, but sweep.folds={node.folds} runs all {node.folds} folds of its own"
            where = base.config.place(("data", "split", key))
            yield HeadwayError(what, where=where, hint=f"leave out sweep.folds, or data.split.{key}", code="folds")


def _word(fault: HeadwayError) -> str | None:
    return fault.where.text if fault.where and fault.where.line is None else None


def _as_typed(fault: HeadwayError, shown: Shown) -> HeadwayError:
    """A fault of an option that nobody typed alone, at the word that was typed."""
    word = _word(fault)
    if word is None or word not in shown:
        return fault
    where = Place("command line", None, 1, shown[word], len(shown[word]))
    what = f"{word} does not do: {fault.what}"
    return HeadwayError(what, where=where, hint=fault.hint, code=fault.code, note=fault.note)


def _passed_over(space: Space, node: Sweep, variants: Variants) -> Iterator[str]:
    """Experiments that are searched and have a sweep of their own, which does not count."""
    searched = [parameter for parameter in space.parameters if parameter.key == EXPERIMENT and parameter.is_group]
    for option in (option for parameter in searched for option in parameter.distribution.probes()):
        if variants.experiment((f"{EXPERIMENT}={option}",)).nodes[NODE] != node:
            yield f"the node sweep of {EXPERIMENT}={option} differs, and does not count: the first one's does"


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
