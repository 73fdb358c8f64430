"""The export stages: features and model in one graph that has passed the parity gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Ge
from headway.contracts import Dataset, Features, Graph, Model, Predictor, chain, parts_of
from headway.errors import HeadwayError
from headway.stage import Context, Stage


@dataclass(frozen=True)
class Gated(Stage):
    """An export that is refused unless it gives the right answers (see ``headway_onnx.parity``).

    The gate holds the graph to the training arrays bit for bit, to the framework's own predictions within
    the tolerance, and to itself at every batch size.
    """

    atol: Annotated[float, Ge(0)] = 1e-6
    """How far an output may be from the framework's own prediction, absolutely."""

    rtol: Annotated[float, Ge(0)] = 1e-5
    """The same, relative to the largest absolute value of the output."""

    require_bit_equal: bool = True
    """Whether a row must get the same bits in a batch of any size; if not, the tolerance holds there too."""

    def _checked(self, context: Context, data: Dataset, features: Features, model: Model, graph: Graph) -> Predictor:
        """The predictor with the gate's evidence; raises `HeadwayError` if a check fails."""
        from headway_onnx import parity
        from headway_onnx.lint import refuse_unsafe
        from headway_onnx.subject import Subject

        for part in parts_of(graph):
            if part.runtime == "onnx":
                refuse_unsafe(part.files["model.onnx"])
        predictor = Predictor(features.columns, features.recipe, model.outputs, graph)
        context.log.info("checking the exported graph")
        subject = Subject(data, features, predictor, context.registry, model)
        evidence = parity.check(subject, parity.Tolerance(self.atol, self.rtol, self.require_bit_equal))
        context.record(parity.metrics(evidence))
        return replace(predictor, evidence=evidence)


@dataclass(frozen=True)
class OnnxExport(Gated):
    """One ONNX graph from raw columns to outputs, refused unless it gives the right answers."""

    def run(self, context: Context, data: Dataset, features: Features, model: Model) -> Predictor:
        """Merges, lints and checks.

        Raises:
            HeadwayError: A graph is for another runtime, the graphs do not fit together, an operator
                is refused, or a check of the parity gate fails.
        """
        from headway_onnx.graphs import as_graph

        return self._checked(context, data, features, model, as_graph(_merged(features, model)))


@dataclass(frozen=True)
class ChainExport(Gated):
    """Features and model run one after the other, each by its own runtime, refused unless the answers are right.

    For features or models whose graphs are no ONNX, such as a tokenizer in front of a network.
    """

    def run(self, context: Context, data: Dataset, features: Features, model: Model) -> Predictor:
        """Chains, lints the parts that are ONNX, and checks.

        Raises:
            HeadwayError: The model takes arrays that the features do not give, a runtime is not registered,
                an operator is refused, or a check of the parity gate fails.
        """
        _require({spec.name for spec in features.arrays}, [spec.name for spec in model.inputs])
        graph = chain(features.graph, model.export(), [spec.name for spec in model.inputs])
        return self._checked(context, data, features, model, graph)


def _merged(features: Features, model: Model) -> bytes:
    from headway_onnx.graphs import merge, parse, to_bytes
    from headway_onnx.protos import GraphError

    first, second = parse(_content(features.graph, "features")), parse(_content(model.export(), "model"))
    _require({value.name for value in first.graph.output}, [value.name for value in second.graph.input])
    outputs = {value.name for value in second.graph.output}
    promised = {output.name for output in model.outputs}
    if outputs != promised:
        raise GraphError(
            f"the model's graph gives {', '.join(sorted(outputs))}, the model promises {', '.join(sorted(promised))}",
            hint="name the outputs of Model.export() as Model.outputs",
            code="export-outputs",
        )
    return to_bytes(merge(first, second, prefixes=("features/", "model/")))


def _require(given: set[str], wanted: Sequence[str]) -> None:
    from headway_onnx.protos import GraphError

    lacking = ", ".join(name for name in wanted if name not in given)
    if lacking:
        raise GraphError(
            f"the model takes {lacking}, which the features do not give (they give {', '.join(sorted(given))})",
            hint="train the model on these features",
            code="export-arrays",
        )


def _content(graph: Graph, whose: str) -> bytes:
    if graph.runtime != "onnx" or set(graph.files) != {"model.onnx"}:
        files = ", ".join(sorted(graph.files))
        raise HeadwayError(
            f"the {whose} graph is for the runtime '{graph.runtime}' (files: {files}), not one onnx file",
            hint=f"run them one after the other, each by its own runtime: export=chain; or use {whose} that give onnx",
            code="export-runtime",
        )
    return graph.files["model.onnx"]
