"""The ensemble stage: several predictors as one graph that gives their mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Lt, MinLen
from headway.contracts import Dataset, Features, Predictor
from headway.errors import DataError
from headway.fields import Uncached
from headway.naming import unknown
from headway.stage import Context

from headway_onnx.export import Gated

AVERAGED = ("probability", "marginal", "value", "quantile")
"""Kinds of outputs whose mean means something."""

Number = Annotated[int, Ge(1)]
Seeds = Annotated[tuple[Annotated[int, Ge(0), Lt(2**32)], ...], MinLen(1)]


@dataclass(frozen=True)
class MeanEnsemble(Gated):
    """The mean of several models' outputs, in one graph: deep ensembles, or models of several families.

    Networks of several seeds: Lakshminarayanan, Pritzel, Blundell, "Simple and Scalable Predictive Uncertainty
    Estimation using Deep Ensembles", 2017. The mean of quantiles at equal levels: Ratcliff, "Group reaction time
    distributions and an analysis of distribution statistics", 1979.

    The gate holds the graph to the mean of the members' own answers and to itself at every batch size, bit for bit.
    """

    refines: ClassVar[str] = "export"

    members: Annotated[tuple[str | Mapping[str, Any], ...], Uncached(), MinLen(1)] = ("model",)
    """Models by name, or as one name with its fields, as in `baselines`; `model` is the pipeline's own."""

    seeds: Annotated[Number | Seeds, Uncached()] = 1
    """Each of them is trained with so many seeds, from the run's own on, or with these seeds."""

    weights: Mapping[str, Annotated[float, Gt(0)]] = field(default_factory=dict)
    """How much a member counts, by its model or its whole name; 1 if it is not named."""

    def __post_init__(self) -> None:
        names = [item if isinstance(item, str) else next(iter(item), "") for item in self.members]
        for name in self.weights if len(names) > 1 else ():
            if model_of(name) not in names:
                raise DataError(f"weights: {unknown('member', name, names)}", code="ensemble-weight")

    def run(self, context: Context, data: Dataset, features: Features, members: Mapping[str, Predictor]) -> Predictor:
        """Averages, lints and checks.

        Args:
            context: Where the runtime is registered.
            data: The rows that the members were fitted on.
            features: Which of them.
            members: Name to predictor; they agree in columns, recipe and outputs.

        Raises:
            DataError: A member runs by another runtime, members do not agree, an output has no mean, or a weight is
                of no member.
            HeadwayError: An operator is refused, or a check of the gate fails.
        """
        from headway_onnx import parity
        from headway_onnx.averaging import average
        from headway_onnx.graphs import FILE, as_graph
        from headway_onnx.lint import refuse_unsafe
        from headway_onnx.subject import Rows

        members = dict(sorted(members.items()))
        check_members(members, features)
        weights = [self._weight(name) for name in members]
        self._check_weights(members)
        graph = as_graph(average([member.graph.files[FILE] for member in members.values()], weights))
        refuse_unsafe(graph.files[FILE])
        first = next(iter(members.values()))
        predictor = Predictor(first.columns, first.recipe, first.outputs, graph)
        context.log.info("checking the graph of %d members", len(members))
        subject = Rows(data, features, predictor, context.registry)
        tolerance = parity.Tolerance(self.atol, self.rtol, self.require_bit_equal)
        evidence = parity.check_mean(subject, members, weights, tolerance)
        context.record(parity.metrics(evidence))
        told = [
            {"name": name, "weight": weight, "predictor": member.digest, "bytes": len(member.graph.files[FILE])}
            for (name, member), weight in zip(members.items(), weights, strict=True)
        ]
        return replace(predictor, evidence={**evidence, "members": told, "bytes": len(graph.files[FILE])})

    def _weight(self, name: str) -> float:
        """Of a member by its whole name, such as ``mlp,seed=1``, or by its model's."""
        return float(self.weights.get(name, self.weights.get(model_of(name), 1.0)))

    def _check_weights(self, members: Mapping[str, Predictor]) -> None:
        names = {part for name in members for part in (name, model_of(name))}
        for name in self.weights:
            if name not in names:
                raise DataError(f"weights: {unknown('member', name, names)}", code="ensemble-weight")


def model_of(name: str) -> str:
    """The model of a member: ``mlp`` of ``mlp,seed=1``, and ``model``, the pipeline's own, of ``seed=1``."""
    first = name.partition(",")[0]
    return "model" if first.startswith("seed=") else first


def check_members(members: Mapping[str, Predictor], features: Features) -> None:
    """Raises `DataError` unless all are ONNX and agree in what they take and give."""
    name, first = next(iter(members.items()))
    for other, member in members.items():
        if member.graph.runtime != "onnx":
            raise DataError(
                f"the member '{other}' runs by '{member.graph.runtime}', and only ONNX can be averaged in one graph",
                hint="export it by export=onnx",
                code="ensemble-runtime",
            )
        differing = [
            f"{what} ({_shown(one)} and {_shown(two)})"
            for what, one, two in (
                ("columns", first.columns, member.columns),
                ("recipes", first.recipe, member.recipe),
                ("outputs", first.outputs, member.outputs),
            )
            if one != two
        ]
        if differing:
            raise DataError(
                f"the members '{name}' and '{other}' have different {', '.join(differing)}",
                hint="members predict the same target from the same dataset",
                code="ensemble-members",
            )
    if first.columns != features.columns:
        raise DataError(
            f"the members take other columns than the features ({_shown(first.columns)} and "
            f"{_shown(features.columns)})",
            hint="redirect it to the members' own: ensemble.inputs.features=STAGE",
            code="ensemble-members",
        )
    for output in first.outputs:
        if output.kind not in AVERAGED:
            raise DataError(
                f"the output '{output.name}' is a {output.kind}, of which there is no mean",
                hint=f"ensembles average outputs of the kinds {', '.join(AVERAGED)}",
                code="ensemble-output",
            )


def _shown(value: Any) -> str:
    """What a member has, shortly."""
    if isinstance(value, tuple):
        return ", ".join(item.name for item in value)
    return str(value)[:80]
