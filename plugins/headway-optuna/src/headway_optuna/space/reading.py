"""From the command line and the node `sweep` to a space: every fault in one report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from headway.errors import ConfigError, HeadwayError, Place
from headway.naming import unknown
from headway.sweeping import within

from headway_optuna.config import Sweep
from headway_optuna.space.command_line import LINE, from_words, settings
from headway_optuna.space.conditions import Condition, condition
from headway_optuna.space.configured import from_config
from headway_optuna.space.constraints import Constraint, constraint
from headway_optuna.space.distributions import Choice, Distribution, Float
from headway_optuna.space.grammar import Misuse, meaning
from headway_optuna.space.ordering import circle, ordered
from headway_optuna.space.parameters import Parameter
from headway_optuna.space.resolving import resolved
from headway_optuna.space.sources import Leaf, Placing, Source, Sources, flat
from headway_optuna.space.space import Space


def read(
    words: Sequence[str],
    node: Sweep,
    place: Placing,
    stages: Mapping[str, type],
    options: Callable[[str], list[str]],
    others: Sequence[str] = (),
) -> Space:
    """Reads what is searched.

    Args:
        words: The words of the command line that sweep; see `split`.
        node: The config's node ``sweep``.
        place: Path within that node, such as ``("space", "model", "dropout")`` or ``("enqueue", 0, "model")``, to where
            it was written.
        stages: Stage to its class, as the config without the words chooses them.
        options: Config group to the names of its options; none for what is no group.
        others: The words that do not sweep: what they set is not searched, whatever the config says.

    Raises:
        ConfigError: Every fault, in the order of their places.
    """
    return _Reader(node, place, options).space(words, others, stages)


class _Reader:
    def __init__(self, node: Sweep, place: Placing, options: Callable[[str], list[str]]) -> None:
        self._node = node
        self._place = place
        self._options = options
        self._sources = Sources()
        self._distributions: dict[str, Distribution | None] = {}

    def space(self, words: Sequence[str], others: Sequence[str], stages: Mapping[str, type]) -> Space:
        """See `read`."""
        swept = [key for word in words if self._options((key := _key(word)).partition("@")[0])]
        known = settings(others)
        from_config(self._node.space, self._place, stages, (swept, tuple(known)), self._sources)
        from_words(words, self._options, self._sources)
        parameters = [found for each in self._sources.found.values() if (found := self._parameter(each))]
        made = {parameter.key: parameter.distribution for parameter in parameters}
        self._distributions = {key: made.get(key) for key in self._sources.found}
        if not self._distributions and not self._sources.faults:
            hint = "write model.learning_rate=tag(log,interval(1e-4,1e-2)), or keys under sweep.space of the config"
            self._sources.tell("there is nothing to search", hint, self._place(("space",)))
        conditions = self._conditions()
        parameters = [replace(each, when=conditions.get(each.key)) for each in parameters]
        constraints = self._constraints()
        enqueue = self._enqueue({parameter.key: parameter for parameter in parameters})
        parameters = self._settled(parameters, words, known)
        self._refuse_deletions(others)
        if self._sources.faults:
            raise ConfigError(sorted(self._sources.faults, key=_order))
        fixed = [each.key for each in parameters if each.is_fixed]
        points = ({key: value for key, value in point.items() if key not in fixed} for point in enqueue)
        return Space(tuple(ordered(parameters)), constraints, tuple(points))

    def _settled(
        self, parameters: Sequence[Parameter], words: Sequence[str], known: Mapping[str, tuple[str, Any]]
    ) -> list[Parameter]:
        """The parameters, those that other words set with the one value; conditions may depend on them."""
        swept, found = {_key(word) for word in words}, []
        for each in parameters:
            text, value = known.get(each.key, ("", None))
            where = Place(LINE, None, 1, text, len(text))
            if not text or (each.is_group and isinstance(value, dict)):  # fields of the node, not a choice
                found.append(each)
                continue
            if each.key in swept:
                self._sources.tell(f"{each.key} is both set and swept on the command line", "leave one out", where)
            found.append(each.fixed(value, where))
        if found and all(each.is_fixed for each in found) and not self._sources.faults:
            what = "there is nothing to search: the command line sets every parameter"
            self._sources.tell(what, "leave a value out", found[0].where)
        return found

    def _refuse_deletions(self, others: Sequence[str]) -> None:
        """Tells words that take away what is searched: each trial would bring it back."""
        for text in others:
            if text.startswith("~") and (key := _key(text)) in self._distributions:
                what = f"{text} takes away what is searched, and each trial would bring it back"
                hint = f"'sweep.space={{{key}: null}}' in its place takes it out of the search"
                self._sources.tell(what, hint, Place(LINE, None, 1, text, len(text)))

    def _parameter(self, source: Source) -> Parameter | None:
        """The parameter of a text, or None if it is a fault."""
        if source.node is None:
            return None
        options = self._options(source.key.partition("@")[0]) or None
        try:
            distribution, notes = resolved(meaning(source.node), options)
        except Misuse as error:
            where = source.place(error.start, error.end)
            self._sources.tell(f"{source.key}: {error.what}", error.hint, where, error.code)
            return None
        return Parameter(
            source.key, distribution, source.where, source.origin, is_group=options is not None,
            adds=source.adds, notes=(*source.notes, *notes),
        )  # fmt: skip

    def _conditions(self) -> dict[str, Condition]:
        found: dict[str, Condition] = {}
        places: dict[str, Place | None] = {}
        for key, path, text in flat(self._node.when):
            where = self._place(("when", *path))
            if key not in self._distributions:
                what = f"a condition of what is not searched: {unknown('parameter', key, self._distributions)}"
                self._sources.tell(what, None, where, "unknown-parameter")
            elif key in found:
                self._sources.tell(f"{key} has two conditions", f"the other is at {places[key]}", where)
            elif made := self._read(condition, str(text), where, f"{key}: "):
                found[key], places[key] = made, where
        if way := circle({key: each.names for key, each in found.items()}):
            what = f"conditions wait for one another: {' → '.join(way)}"
            self._sources.tell(what, "leave one of them out", places[way[0]], "cycle")
        return found

    def _constraints(self) -> tuple[Constraint, ...]:
        made = (
            self._read(constraint, text, self._place(("constraints", index)), "")
            for index, text in enumerate(self._node.constraints)
        )
        return tuple(each for each in made if each is not None)

    def _read(self, reads: Callable[[str, Any], Any], text: str, where: Place | None, before: str) -> Any:
        """What a text says, or None if it is a fault."""
        try:
            return reads(text, self._distributions)
        except HeadwayError as error:
            part = error.where
            if where and part and part.column:
                where = within(where, text, part.column - 1, part.width)
            self._sources.tell(f"{before}{error.what}", error.hint, where, error.code)
            return None

    def _enqueue(self, parameters: Mapping[str, Parameter]) -> tuple[dict[str, Any], ...]:
        return tuple(self._point(index, point, parameters) for index, point in enumerate(self._node.enqueue))

    def _point(self, index: int, point: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, path, value in self._values(point):
            where = self._place(("enqueue", index, *path))
            if key not in self._distributions:
                what = unknown("parameter", key, self._distributions)
                self._sources.tell(what, "a point has values of parameters", where, "unknown-parameter")
            elif key in found:
                self._sources.tell(f"{key} is twice in the point", "leave one out", where)
            elif parameter := parameters.get(key):
                misfit = parameter.distribution.misfit(value)
                if misfit:
                    self._sources.tell(f"{key}: {misfit}", f"it is {parameter.distribution}", where, "enqueue")
                found[key] = float(value) if isinstance(parameter.distribution, Float) and not misfit else value
        self._unsearched(index, found, parameters)
        return found

    def _values(self, point: Mapping[str, Any]) -> list[Leaf]:
        """The values of a point; a mapping is one where a parameter has mappings to choose from."""
        choices = ((key, each) for key, each in self._distributions.items() if isinstance(each, Choice))
        return list(flat(point, stop={key for key, each in choices if any(isinstance(o, dict) for o in each.options)}))

    def _unsearched(self, index: int, point: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> None:
        """Tells values of parameters whose condition the point itself breaks."""
        for key in point:
            when = parameters[key].when
            if when and all(name in point for name in when.names) and not when.holds(point):
                what = f"{key} is searched only when {when}, which this point is not"
                self._sources.tell(what, "leave it out of the point", self._place(("enqueue", index)), "enqueue")


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+~")


def _order(fault: HeadwayError) -> tuple[str, int, int]:
    where = fault.where or Place("")
    return where.source, where.line or 0, where.column or 0
