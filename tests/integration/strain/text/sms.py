"""Short messages: n-grams behind a runtime of their own, and naive Bayes on their counts."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt
from headway import Context, DataError, Stage
from headway.contracts import (
    MISSING,
    TARGET,
    ArrayModel,
    ArraySpec,
    Dataset,
    Features,
    Graph,
    Output,
    Runtime,
    Source,
    canonical_json,
    conform,
    feeds,
    labels,
    run_chunked,
)  # fmt: skip
from headway.metrics import compute, standard


@dataclass(frozen=True)
class NgramCounter(Runtime):
    """Texts → counts of the n-grams of words and characters that training knew; its state is one JSON file."""

    column: str
    words: int
    characters: int
    vocabulary: tuple[str, ...]

    @classmethod
    def load(cls, files, lookup):
        return cls(**json.loads(files["ngrams.json"]))

    def run(self, feeds):
        import numpy as np

        places = {gram: place for place, gram in enumerate(self.vocabulary)}
        counts = np.zeros((len(feeds[self.column]), len(places)), np.float32)
        for row, text in enumerate(feeds[self.column]):
            for gram, count in Counter(ngrams(text, self.words, self.characters)).items():
                if gram in places:
                    counts[row, places[gram]] = count
        return {"counts": counts}


def ngrams(text: str, words: int, characters: int) -> Iterator[str]:
    """Runs of up to so many words, and of exactly so many characters; a missing text has none."""
    plain = "" if text == MISSING else unicodedata.normalize("NFKC", text).casefold()
    tokens = plain.split()
    for size in range(1, words + 1):
        yield from (" ".join(tokens[i : i + size]) for i in range(len(tokens) - size + 1))
    yield from ("#" + plain[i : i + characters] for i in range(len(plain) - characters + 1))


@dataclass(frozen=True)
class Ngrams(Stage):
    """Counts of n-grams of words and characters of the only text column."""

    words: Annotated[int, Ge(1)] = 2
    """Runs of up to this many words."""
    characters: Annotated[int, Ge(1)] = 3
    """Runs of this many characters."""
    min_rows: Annotated[int, Ge(1)] = 5
    """N-grams of fewer training rows are left out."""

    def run(self, context: Context, data: Dataset) -> Features:
        columns = tuple(column for column in data.schema.inputs if column.kind == "text")
        if len(columns) != 1:
            raise DataError(f"{len(columns)} text columns; one is needed", hint="set data.kinds", code="text-columns")
        frames = {name: frame.collect() for name, frame in data.splits.items()}
        fed = {name: feeds(conform(frame, columns), columns) for name, frame in frames.items()}
        texts = fed["train"][columns[0].name]
        found = Counter(gram for text in texts for gram in set(ngrams(text, self.words, self.characters)))
        known = tuple(sorted(gram for gram, rows in found.items() if rows >= self.min_rows))
        counter = NgramCounter(columns[0].name, self.words, self.characters, known)
        graph = Graph("ngrams", {"ngrams.json": canonical_json(counter)})
        runtime = graph.open(context.registry)
        sources = {
            name: Source(run_chunked(runtime, rows) | labels(frames[name], data.schema), len(frames[name]))
            for name, rows in fed.items()
        }
        arrays = (ArraySpec("counts", "float32", (len(known),), known),)
        return Features(columns, data.recipe, graph, arrays, data.schema.target, sources)


@dataclass(frozen=True)
class Bayes(ArrayModel):
    """Log-likelihoods of shape (n-grams, classes) and log-priors of shape (1, classes)."""

    type_name: ClassVar[str] = "bayes"

    def predict(self, batch):
        import numpy as np

        scores = batch["counts"].astype(np.float64) @ self.weights["likelihood"] + self.weights["prior"]
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return {"probability": (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)}

    def export(self) -> Graph:
        from onnx import numpy_helper, parser

        grams, classes = self.weights["likelihood"].shape
        model = parser.parse_model(f"""<ir_version: 10, opset_import: ["": 20]>
            bayes (float[batch, {grams}] counts) => (float[batch, {classes}] probability) {{
                wide = Cast<to: int = 11>(counts)
                scores = Gemm(wide, likelihood, prior)
                shares = Softmax<axis: int = -1>(scores)
                probability = Cast<to: int = 1>(shares) }}""")
        model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in self.weights.items())
        return Graph("onnx", {"model.onnx": model.SerializeToString(deterministic=True)})


@dataclass(frozen=True)
class NaiveBayes(Stage):
    """Multinomial naive Bayes (Manning, Raghavan and Schütze, 2008, chapter 13)."""

    smoothing: Annotated[float, Gt(0)] = 1.0
    """Added to every count (Laplace)."""

    def run(self, context: Context, features: Features) -> Bayes:
        import numpy as np

        batch, classes = features.source("train").batch(), features.target.classes
        member = np.eye(len(classes))[batch[TARGET]]
        counts = batch["counts"].T.astype(np.float64) @ member + self.smoothing
        weights = {"likelihood": np.log(counts / counts.sum(axis=0)), "prior": np.log(member.mean(axis=0))[None]}
        model: Any = Bayes(features.arrays, (Output("probability", "probability", classes),), weights)
        held = features.source("validation").batch()
        values = compute(context.registry, standard("classification"), held[TARGET], model.predict(held)["probability"])
        context.record(metrics := {f"validation.{name}": value for name, value in values.items()})
        return Bayes(model.inputs, model.outputs, weights, metrics)


def headway_register(registry):
    registry.add("runtime", "ngrams", NgramCounter)
    registry.add("features", "ngrams", Ngrams)
    registry.add("model", "naive_bayes", NaiveBayes)
    registry.add("artifact", Bayes.type_name, Bayes)
