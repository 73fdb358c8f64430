"""What flows between the standard stages."""

from __future__ import annotations

from headway.contracts.adapters import adapter_of
from headway.contracts.array_model import ArrayModel
from headway.contracts.artifact import Artifact, Lookup, canonical_json, digest_of, read_json, write_json
from headway.contracts.casts import Misread, cast_columns, misread, refuse_misread
from headway.contracts.chain import CHAIN, Chain, chain, parts_of
from headway.contracts.dataset import Dataset
from headway.contracts.expressions.algebra import Algebra
from headway.contracts.expressions.grammar import Expression, check_grammar, parse_expression
from headway.contracts.features import POSITION, Features
from headway.contracts.feeds import MISSING, TARGET, WEIGHT, conform, feeds, labels
from headway.contracts.graph import CHUNK, FEW, ArraySpec, Graph, Runtime, run_chunked
from headway.contracts.model import Epoch, Model, Output
from headway.contracts.predictions import Predictions, output_columns, output_shape, tabulate
from headway.contracts.predictor import Predictor, Scorer
from headway.contracts.recipe import HISTORY, Recipe, Replay, Step, TableSchema
from headway.contracts.report import Check, Figure, Measurement, Report, Table
from headway.contracts.schema import NUMBERS, ROW, STRINGS, Category, Column, Schema, Target
from headway.contracts.scoring import score_split
from headway.contracts.source import Augmentation, Source, View
from headway.contracts.steps.aggregates import Take
from headway.contracts.steps.asof import AsOf
from headway.contracts.steps.derived import Derive, NullValues
from headway.contracts.steps.durations import check_duration, parse_duration
from headway.contracts.steps.joins import Join
from headway.contracts.steps.limits import Limits, Outside, Violation
from headway.contracts.steps.windows import Window
from headway.contracts.strings import Feed, Strings
from headway.contracts.values import as_text

__all__ = [
    "CHAIN",
    "CHUNK",
    "FEW",
    "HISTORY",
    "MISSING",
    "NUMBERS",
    "POSITION",
    "ROW",
    "STRINGS",
    "TARGET",
    "WEIGHT",
    "Algebra",
    "ArrayModel",
    "ArraySpec",
    "Artifact",
    "AsOf",
    "Augmentation",
    "Category",
    "Chain",
    "Check",
    "Column",
    "Dataset",
    "Derive",
    "Epoch",
    "Expression",
    "Features",
    "Feed",
    "Figure",
    "Graph",
    "Join",
    "Limits",
    "Lookup",
    "Measurement",
    "Misread",
    "Model",
    "NullValues",
    "Output",
    "Outside",
    "Predictions",
    "Predictor",
    "Recipe",
    "Replay",
    "Report",
    "Runtime",
    "Schema",
    "Scorer",
    "Source",
    "Step",
    "Strings",
    "Table",
    "TableSchema",
    "Take",
    "Target",
    "View",
    "Violation",
    "Window",
    "adapter_of",
    "as_text",
    "canonical_json",
    "cast_columns",
    "chain",
    "check_duration",
    "check_grammar",
    "conform",
    "digest_of",
    "feeds",
    "labels",
    "misread",
    "output_columns",
    "output_shape",
    "parse_duration",
    "parse_expression",
    "parts_of",
    "read_json",
    "refuse_misread",
    "run_chunked",
    "score_split",
    "tabulate",
    "write_json",
]
