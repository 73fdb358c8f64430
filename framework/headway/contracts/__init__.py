"""What flows between the standard stages."""

from __future__ import annotations

from headway.contracts.array_model import ArrayModel
from headway.contracts.artifact import Artifact, Lookup, canonical_json, digest_of, read_json, write_json
from headway.contracts.chain import CHAIN, Chain, chain, parts_of
from headway.contracts.dataset import Dataset
from headway.contracts.expressions import Expression, check_grammar, parse_expression
from headway.contracts.features import POSITION, Features
from headway.contracts.feeds import MISSING, TARGET, WEIGHT, conform, feeds, labels
from headway.contracts.graph import CHUNK, ArraySpec, Graph, Runtime, run_chunked
from headway.contracts.model import Epoch, Model, Output
from headway.contracts.predictions import Predictions, output_columns, output_shape, tabulate
from headway.contracts.predictor import Predictor, Scorer
from headway.contracts.recipe import NullValues, Recipe
from headway.contracts.report import Check, Figure, Measurement, Report, Table
from headway.contracts.schema import NUMBERS, ROW, STRINGS, Category, Column, Schema, Target
from headway.contracts.scoring import score_split
from headway.contracts.source import Augmentation, Source, View
from headway.contracts.strings import Feed, Strings

__all__ = [
    "CHAIN",
    "CHUNK",
    "MISSING",
    "NUMBERS",
    "POSITION",
    "ROW",
    "STRINGS",
    "TARGET",
    "WEIGHT",
    "ArrayModel",
    "ArraySpec",
    "Artifact",
    "Augmentation",
    "Category",
    "Chain",
    "Check",
    "Column",
    "Dataset",
    "Epoch",
    "Expression",
    "Features",
    "Feed",
    "Figure",
    "Graph",
    "Lookup",
    "Measurement",
    "Model",
    "NullValues",
    "Output",
    "Predictions",
    "Predictor",
    "Recipe",
    "Report",
    "Runtime",
    "Schema",
    "Scorer",
    "Source",
    "Strings",
    "Table",
    "Target",
    "View",
    "canonical_json",
    "chain",
    "check_grammar",
    "conform",
    "digest_of",
    "feeds",
    "labels",
    "output_columns",
    "output_shape",
    "parse_expression",
    "parts_of",
    "read_json",
    "run_chunked",
    "score_split",
    "tabulate",
    "write_json",
]
