"""Strings and combinations of strings as codes: learnt from all training rows, written as encoders of a graph."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from headway import DataError
from headway.contracts import MISSING, Column
from headway_onnx.graphs import BATCH, IR, ML_OPSET, OPSET, code_name, label_encoders, merge

from headway_tabular.features.layout import WORDS, Layout
from headway_tabular.transforms import Vocabulary
from headway_tabular.transforms.base import MISSING as ABSENT
from headway_tabular.transforms.base import UNSEEN

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

COUNT = "__count__"
LARGEST = 2**62
"""Combinations are counted in int64."""


@dataclass(frozen=True)
class Words:
    """The strings of a column that have a code of their own.

    Attributes:
        all: Those of the column's vocabulary, then those that only crosses need.
        own: How many are of the vocabulary; for a feature, all others are unseen.
    """

    all: tuple[str, ...]
    own: int

    def encode(self, values: pl.Series) -> np.ndarray:
        """The position of each string in `all`, and their number for others; int64 of shape (rows,)."""
        known = values.cast(pl.String).fill_null(MISSING).cast(pl.Enum(self.all), strict=False)
        return known.to_physical().cast(pl.Int64).fill_null(len(self.all)).to_numpy()


@dataclass(frozen=True)
class Cross:
    """Combinations of strings that have a code of their own.

    Attributes:
        parts: The columns.
        sizes: How many codes each has, unseen included.
        keys: Of each combination its number, ascending; int64.
        names: Of each combination its name.
    """

    parts: tuple[str, ...]
    sizes: tuple[int, ...]
    keys: np.ndarray = field(repr=False)
    names: tuple[str, ...] = field(repr=False)

    def encode(self, codes: Sequence[np.ndarray]) -> np.ndarray:
        """The code of each combination of codes, and the number of all for others; int64 of shape (rows,)."""
        wanted = _numbers(codes, self.sizes)
        if not len(self.keys):
            return np.zeros_like(wanted)
        places = np.searchsorted(self.keys, wanted).clip(max=len(self.keys) - 1)
        return np.where(self.keys[places] == wanted, places, len(self.keys))


@dataclass(frozen=True)
class Vocabularies:
    """All that is known of strings.

    Attributes:
        words: String column to its words.
        crosses: Crossed column to its combinations.
    """

    words: Mapping[str, Words]
    crosses: Mapping[str, Cross]

    def categories(self, name: str) -> tuple[str, ...]:
        """What the codes of a feature stand for; the last is `UNSEEN`."""
        if name in self.crosses:
            return (*self.crosses[name].names, UNSEEN)
        known = self.words[name].all[: self.words[name].own]
        return (*(ABSENT if word == MISSING else word for word in known), UNSEEN)

    def own(self, name: str) -> int | None:
        """The code of unseen where it is not the encoder's own; then larger codes are unseen too."""
        words = self.words.get(name)
        return words.own if words is not None and words.own < len(words.all) else None

    def encode(self, name: str, frame: pl.DataFrame) -> np.ndarray:
        """The codes of a feature; int64 of shape (rows,)."""
        if name in self.crosses:
            cross = self.crosses[name]
            return cross.encode([self.words[part].encode(frame[part]) for part in cross.parts])
        return np.minimum(self.words[name].encode(frame[name]), self.words[name].own)

    def encoders(self) -> ModelProto | None:
        """Strings → codes as a graph, named by `code_name`; None if there are no strings."""
        if not self.words:
            return None
        encoders = label_encoders({name: words.all for name, words in self.words.items()})
        if not self.crosses:
            return encoders
        return merge(encoders, _crossing(self.crosses), keep=[code_name(name) for name in self.words])


def learn_vocabularies(layout: Layout, train: pl.LazyFrame, whole: pl.DataFrame | None) -> Vocabularies:
    """Counts strings and their combinations over all training rows.

    Args:
        layout: Which columns.
        train: The training rows.
        whole: The same, where they are in memory anyway.
    """
    rows = train if whole is None else whole.lazy()
    wanted = {name: b.vocabulary for b in layout.branches if b.kind == "code" for name in b.columns}
    own = {c.name: _words(rows, c, wanted.get(c.name)) for c in layout.of(*WORDS)}
    pairs = {name: _pairs(rows, layout.crosses[name], wanted[name]) for name in wanted if name in layout.crosses}
    words = {name: _with_parts(name, given, pairs) for name, given in own.items()}
    return Vocabularies(words, {name: _cross(found, words) for name, found in pairs.items()})


def _counted(rows: pl.LazyFrame, names: Sequence[str]) -> pl.DataFrame:
    counted = rows.group_by([pl.col(name).cast(pl.String) for name in names]).agg(pl.len().alias(COUNT))
    return counted.collect(engine="streaming")


def _words(rows: pl.LazyFrame, column: Column, vocabulary: Vocabulary | None) -> list[str]:
    """Those that the vocabulary takes, sorted; `MISSING` last, if there were missing values."""
    if vocabulary is None:
        return []
    values, counts = _counted(rows, [column.name])
    known = dict(zip(values.to_list(), counts.to_list(), strict=True))
    lacking = known.pop(None, 0)
    return vocabulary.words(known) + ([MISSING] if lacking else [])


def _pairs(rows: pl.LazyFrame, parts: tuple[str, ...], vocabulary: Vocabulary) -> pl.DataFrame:
    """Combinations that the vocabulary takes, one a row."""
    *values, counts = _counted(rows, parts).with_columns(pl.col(part).fill_null(MISSING) for part in parts)
    found = {json.dumps(pair): count for *pair, count in zip(*values, counts, strict=True)}
    return pl.DataFrame(
        [json.loads(word) for word in vocabulary.words(found)], dict.fromkeys(parts, pl.String), orient="row"
    )


def _with_parts(name: str, own: list[str], pairs: Mapping[str, pl.DataFrame]) -> Words:
    needed = {word for found in pairs.values() if name in found.columns for word in found[name].unique()}
    return Words((*own, *sorted(needed - set(own))), len(own))


def _cross(found: pl.DataFrame, words: Mapping[str, Words]) -> Cross:
    sizes = tuple(len(words[part].all) + 1 for part in found.columns)
    if math.prod(sizes) > LARGEST:
        raise DataError(
            f"{' & '.join(found.columns)} has too many combinations to number",
            hint="raise vocabulary.min_frequency, or cross fewer columns",
            code="cross",
        )
    keys = _numbers([words[part].encode(found[part]) for part in found.columns], sizes)
    order = np.argsort(keys)
    named = found.select(pl.col(part).replace(MISSING, ABSENT) for part in found.columns)
    names = named.select(pl.concat_str(found.columns, separator=" & ").alias(COUNT))[COUNT]
    return Cross(tuple(found.columns), sizes, keys[order], tuple(names[order]))


def _numbers(codes: Sequence[np.ndarray], sizes: Sequence[int]) -> np.ndarray:
    """One number a combination: mixed radix, the first part counting most."""
    number = np.zeros_like(codes[0])
    for code, size in zip(codes, sizes, strict=True):
        number = number * size + code
    return number


def _crossing(crosses: Mapping[str, Cross]) -> ModelProto:
    """Codes of parts → codes of combinations."""
    from onnx import TensorProto, helper

    parts = dict.fromkeys(part for cross in crosses.values() for part in cross.parts)
    values = [helper.make_tensor_value_info(code_name(name), TensorProto.INT64, [BATCH]) for name in (*parts, *crosses)]
    nodes, sizes = [], []
    for name, cross in crosses.items():
        nodes += _numbering(name, cross)
        sizes += [
            helper.make_tensor(f"{name}/size/{i}", TensorProto.INT64, [], [size]) for i, size in enumerate(cross.sizes)
        ]
    graph = helper.make_graph(nodes, "headway", values[: len(parts)], values[len(parts) :], sizes)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR)


def _numbering(name: str, cross: Cross) -> list[NodeProto]:
    from onnx import helper

    nodes, number = [], code_name(cross.parts[0])
    for i, part in enumerate(cross.parts[1:], 1):
        scaled, added = f"{name}/scaled/{i}", f"{name}/number/{i}"
        nodes.append(helper.make_node("Mul", [number, f"{name}/size/{i}"], [scaled]))
        nodes.append(helper.make_node("Add", [scaled, code_name(part)], [added]))
        number = added
    # As with strings, an encoder needs a key: no combination has the number -1.
    keys = [int(key) for key in cross.keys] or [-1]
    encoder = helper.make_node(
        "LabelEncoder", [number], [code_name(name)], domain="ai.onnx.ml", keys_int64s=keys,
        values_int64s=list(range(len(keys))), default_int64=len(cross.keys),
    )  # fmt: skip
    return [*nodes, encoder]
