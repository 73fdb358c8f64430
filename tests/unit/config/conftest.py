"""A small project whose stages have every kind of field; nothing of it is ever run."""

from dataclasses import dataclass
from typing import Any

import pytest
from headway.config import check, compose
from headway.errors import ConfigError, HeadwayError
from headway.plugins import Plugins

STAGES = '''
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MinLen

from headway import Context, Registered, Secret, Seed, SourcePath, Stage, Uncached
from headway.contracts import Dataset, Features, Predictor, Report, check_grammar
from headway.errors import DataError, Place
from headway.fields import Grammar, Uses


@dataclass(frozen=True)
class Login:
    """How to get in."""

    user: str = ""
    password: Secret = ""


@dataclass(frozen=True)
class Source:
    """One of several sources."""

    url: str
    """Where it is."""
    rows: int = 10


@dataclass(frozen=True)
class Bounds:
    """Between two numbers."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self):
        if self.low > self.high:
            raise DataError("there is nothing between the bounds", hint="swap them", code="bounds")


@dataclass(frozen=True)
class Rule:
    """What holds for a column."""

    policy: Literal["error", "drop"] = "error"
    """What becomes of rows that break it."""
    max: float | None = None
    bounds: Bounds = field(default_factory=lambda: Bounds(high=9.0))


@dataclass(frozen=True)
class ByTime:
    by: str
    gap: float = 0.0


@dataclass(frozen=True)
class ByGroup:
    group: str
    size: float = 0.2


@dataclass(frozen=True)
class Rows(Stage):
    """Rows."""

    path: SourcePath
    """The file."""
    login: Login = field(default_factory=Login)
    keys: tuple[Secret, ...] = ()
    sources: tuple[Source, ...] = ()
    named: Mapping[str, Source] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    limit: float | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """What holds for each column."""
    steps: tuple[Rule, ...] = ()
    checks: Mapping[str, Literal["off", "warn", "error"]] = field(default_factory=dict)
    lags: Annotated[tuple[Annotated[int, Gt(0)], ...], MinLen(1)] = (1,)
    split: Literal["random"] | ByTime | ByGroup = "random"

    def __post_init__(self):
        if self.limit == 13:
            raise DataError("limit is an unlucky number", where=Place("limit"), hint="take 12", code="unlucky")

    def run(self, context: Context) -> Dataset: ...


@dataclass(frozen=True)
class Standard:
    """Mean zero, deviation one."""


@dataclass(frozen=True)
class Clip:
    """Bounded below and above."""

    takes: ClassVar[tuple[str, ...]] = ("number",)
    low: float | None = None
    """The least value."""
    high: float | None = None

    def __post_init__(self):
        if self.low is not None and self.high is not None and self.low > self.high:
            raise DataError("low is above high", hint="swap them", code="bounds")


@dataclass(frozen=True)
class Bins:
    n: Annotated[int, Ge(2)]
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True)
class Noise:
    seed: Seed = 0


@dataclass(frozen=True)
class Lookup:
    """A table of one's own."""

    path: SourcePath
    token: Secret = ""
    progress: Annotated[bool, Uncached()] = True
    metric: Annotated[str | None, Registered("metric", also=("own",))] = "accuracy"
    label: str = "clip"
    formula: Annotated[str, Grammar(check_grammar)] = "x"
    then: tuple[Annotated[str | Mapping[str, Any], Uses("transform")], ...] = ()


Transforms = tuple[Annotated[str | Mapping[str, Any], Uses("transform")], ...]


@dataclass(frozen=True)
class Columns(Stage):
    """Columns."""

    derive: Mapping[str, str] = field(default_factory=dict)
    formulas: Mapping[str, Annotated[str, Grammar(check_grammar)]] = field(default_factory=dict)
    """Expressions."""
    columns: Mapping[str, Transforms] = field(default_factory=dict)
    """What is done to each column."""
    otherwise: Annotated[str | Mapping[str, Any], Uses("transform")] | None = None

    def run(self, context: Context, data: Dataset) -> Features: ...


@dataclass(frozen=True)
class Net(Stage):
    """A network."""

    layers: tuple[Annotated[int, Gt(0)], ...] = (256, 256)
    """Units of each layer."""
    dropout: Annotated[float, Ge(0), Le(1)] = 0.1
    rate: float | Literal["auto"] = "auto"
    token: Secret = ""
    seed: Seed = 0

    def __post_init__(self):
        if self.rate == 13:
            raise DataError("13 is an unlucky rate", hint="take 12", code="unlucky")

    def run(self, context: Context, features: Features) -> Predictor: ...


@dataclass(frozen=True)
class Linear(Stage):
    """A linear model."""

    C: float = 1.0
    seed: Seed = 0
    weights: Mapping[str, float] = field(default_factory=lambda: {"usual": 1.0})
    bounds: Bounds = field(default_factory=Bounds)
    solver: Annotated[str | Mapping[str, Any], Uses("transform")] = "clip"

    def run(self, context: Context, features: Features) -> Predictor: ...


@dataclass(frozen=True)
class Mean(Stage):
    """Several models as one."""

    def run(self, context: Context, members: Mapping[str, Predictor]) -> Predictor: ...


@dataclass(frozen=True)
class Judge(Stage):
    """A judge."""

    metrics: tuple[Annotated[str, Registered("metric")], ...] = ("accuracy",)

    def run(self, context: Context, model: Predictor, baselines: Mapping[str, Predictor] = {}) -> Report: ...


def headway_register(registry):
    registry.add("data", "rows", Rows)
    registry.add("features", "columns", Columns)
    registry.add("model", "net", Net)
    registry.add("model", "linear", Linear)
    registry.add("mean", "mean", Mean)
    for cls in (Standard, Clip, Bins, Noise, Lookup):
        registry.add("transform", cls.__name__.lower(), cls)
    registry.add("evaluation", "judge", Judge)
'''
EXPERIMENT = """\
# @package _global_
defaults:
  - override /data: people
  - override /features: columns
  - override /model: net
  - override /evaluation: judge
name: study
pipeline: [data, features, model, evaluation]
"""
PEOPLE = "use: rows\npath: people.csv\n"


@dataclass(frozen=True)
class Study:
    """A project with one experiment, and shorthands to compose and check it."""

    project: Any
    plugins: Plugins

    def write(self, path, text):
        self.project.write(path, text)

    def add(self, text, *, entry=""):
        """Adds to the end of the experiment, and an entry to the front of its defaults list."""
        changed = EXPERIMENT.replace("defaults:\n", f"defaults:\n{entry}")
        self.write("configs/experiment/study.yaml", changed + text)

    def replace(self, old, new):
        assert old in EXPERIMENT
        self.write("configs/experiment/study.yaml", EXPERIMENT.replace(old, new))

    def compose(self, *words):
        return compose(self.project.folder, ["experiment=study", *words], self.plugins)

    def check(self, *words):
        return check(self.compose(*words), self.plugins)

    def stage(self, name, *words):
        return next(stage for stage in self.check(*words).stages if stage.name == name)

    def faults(self, *words) -> tuple[HeadwayError, ...]:
        with pytest.raises(ConfigError) as caught:
            self.check(*words)
        return caught.value.faults

    def fault(self, *words) -> HeadwayError:
        """The only fault."""
        faults = self.faults(*words)
        assert len(faults) == 1, [fault.render() for fault in faults]
        return faults[0]


def place(fault):
    return fault.where.source, fault.where.line, fault.where.column


@pytest.fixture
def study(project):
    project.plugin("stages", STAGES)
    project.write("configs/experiment/study.yaml", EXPERIMENT)
    project.write("configs/data/people.yaml", PEOPLE)
    from headway.plugins import load

    installed = [info.name for info in load().infos]
    return Study(project, load(project.folder, installed))
