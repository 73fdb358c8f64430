"""A stage, and what it is given when it runs."""

from __future__ import annotations

import dataclasses
import inspect
import logging
import threading
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from headway.contracts.artifact import Artifact, Lookup
from headway.errors import DataError, PluginError
from headway.naming import unknown

if TYPE_CHECKING:
    from headway.errors import HeadwayError

FanIn = Literal["one", "tuple", "mapping"]


class Stage:
    """One step of a pipeline: a frozen dataclass whose fields are its config.

    A subclass defines ``run(self, context, **inputs)``. Each parameter after `context` is named after
    the stage whose output it takes and annotated with the artifact's type, as is the return value; a
    ``tuple[T, ...]`` or ``Mapping[str, T]`` takes several. A parameter with a default may stay unwired.

    Example:
        ```python
        @dataclass(frozen=True)
        class Table(Stage):
            path: SourcePath

            def run(self, context: Context) -> Dataset: ...
        ```

    Attributes:
        cache_version: Raised by the author when results change although the source does not show it.
        effect: The stage changes the world outside the store: it runs last, is never cached, and must
            be idempotent.
        refines: The stage whose result this one makes better, such as ``export`` of an ensemble. Where it is chosen
            it comes right behind that stage, and what the others would take from there they take from it.
        space: What a sweep tries by default: a field, or the dotted path to one, to a text in the sweep grammar such as
            ``tag(log, interval(1e-4, 1e-2))``.
    """

    cache_version: ClassVar[int] = 1
    effect: ClassVar[bool] = False
    refines: ClassVar[str] = ""
    space: ClassVar[Mapping[str, str]] = {}

    if TYPE_CHECKING:
        run: Callable[..., Artifact]

    def preflight(self) -> list[HeadwayError]:
        """What is missing on this machine (a GPU, a file, a token, a library), told before anything runs."""
        return []


class Reporter(Protocol):
    """Where a running stage's messages go; the worker supplies it."""

    def report(self, step: int, metrics: Mapping[str, float]) -> None:
        """Intermediate metrics; raises `Pruned` if the controller stops the trial."""

    def progress(self, done: float, total: float, unit: str, at_most: bool, note: str) -> None:
        """How far the stage is; see `Context.progress`."""

    def record(self, metrics: Mapping[str, float]) -> None:
        """Final metrics."""


@dataclass(frozen=True)
class Context:
    """What a stage is given beside its inputs.

    Attributes:
        name: The stage's name in the pipeline.
        scratch: Where `work` lies.
        registry: Names to registered classes.
        devices: How many devices it may use, as the runner decided: ``auto`` or a number.
        log: A logger whose records reach the terminal.
        cancelled: Set when the run is being stopped; long loops should look.
        reporter: Where `report`, `progress` and `record` go.
        project: The project's folder, whose plugins a process that the stage starts would have to load.
    """

    name: str
    scratch: Path
    registry: Lookup
    reporter: Reporter
    devices: str = "auto"
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("headway"))
    cancelled: threading.Event = field(default_factory=threading.Event)
    project: Path | None = None

    @property
    def work(self) -> Path:
        """A folder of its own, made when it is first asked for and kept for the next attempt if this one is killed.

        Private state such as checkpoints belongs here; it is deleted when the stage has been saved.
        """
        self.scratch.mkdir(parents=True, exist_ok=True)
        return self.scratch

    def report(self, step: int, metrics: Mapping[str, float]) -> None:
        """Sends intermediate metrics to the terminal, trackers and the sweep.

        Args:
            step: Epochs, steps or rounds so far, from 1.
            metrics: Name to value, such as ``validation.loss``.

        Raises:
            Pruned: The sweep stops this trial; do not catch it.
        """
        self.reporter.report(step, metrics)

    def progress(self, done: float, total: float, unit: str = "", *, at_most: bool = False, note: str = "") -> None:
        """Says how far the stage is, for a bar with the time that is left on the terminal, and for nothing else.

        It may be called as often as is handy: a call costs a fraction of a microsecond, and some eight a second are
        passed on. Numbers that mean nothing are left out.

        Args:
            done: What is done, in units; fractions are welcome.
            total: What is to do.
            unit: What is counted, in the plural, such as ``epochs``.
            at_most: Whether the stage may end before `total`, as early stopping does.
            note: What else is to be known, in a few words, such as ``best epoch 12, stops in 5``.
        """
        self.reporter.progress(done, total, unit, at_most, note)

    def record(self, metrics: Mapping[str, float]) -> None:
        """Keeps final metrics with the artifact; they are replayed when the stage is cached."""
        self.reporter.record(metrics)


@dataclass(frozen=True)
class Parameter:
    """One input of a stage.

    Attributes:
        name: The parameter's name, which is the name of the stage it takes its value from.
        type: The artifact's type; for several, the type of each.
        fan_in: Whether it takes one artifact, a tuple of them or a mapping by name.
        required: Whether it has no default.
    """

    name: str
    type: type[Artifact]
    fan_in: FanIn
    required: bool


@dataclass(frozen=True)
class Signature:
    """The inputs and the output of a stage, read off its ``run``."""

    parameters: tuple[Parameter, ...]
    returns: type[Artifact]


def signature_of(stage: type[Stage]) -> Signature:
    """Reads and checks the contract of a stage class.

    Raises:
        PluginError: It is no frozen dataclass, has no ``run``, or `run`'s annotations are missing or
            are no artifacts.
    """
    cls: Any = stage
    return _signature(cls)


@cache
def _signature(stage: Any) -> Signature:
    _check_dataclass(stage)
    run = getattr(stage, "run", None)
    if run is None:
        raise _broken(stage, "it has no run(self, context, ...)")
    hints = _hints(stage, run)
    names = list(inspect.signature(run).parameters.values())[2:]
    parameters = tuple(_parameter(stage, p, hints) for p in names)
    return Signature(parameters, _artifact(stage, "its return value", hints.get("return")))


def _check_dataclass(stage: type[Stage]) -> None:
    params = stage.__dict__.get("__dataclass_params__")
    if params is None or not params.frozen:
        raise _broken(stage, "it is not decorated with @dataclass(frozen=True)")


def _hints(stage: type[Stage], run: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(run)
    except NameError as error:
        raise _broken(stage, f"an annotation of run cannot be resolved: {error}") from error


def _parameter(stage: type[Stage], parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Parameter:
    hint = hints.get(parameter.name)
    fan_in, item = _fan_in(hint)
    return Parameter(
        parameter.name,
        _artifact(stage, f"its input '{parameter.name}'", item),
        fan_in,
        parameter.default is inspect.Parameter.empty,
    )


def _fan_in(hint: Any) -> tuple[FanIn, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return "tuple", arguments[0]
    if origin is not None and inspect.isclass(origin) and issubclass(origin, Mapping):
        return "mapping", arguments[1]
    if len(arguments) == 2 and type(None) in arguments:
        return "one", next(a for a in arguments if a is not type(None))
    return "one", hint


def _artifact(stage: type[Stage], what: str, hint: Any) -> type[Artifact]:
    if not (inspect.isclass(hint) and issubclass(hint, Artifact)):
        raise _broken(stage, f"{what} is not annotated with an artifact type (found {hint!r})")
    return hint


def _broken(stage: type[Stage], what: str) -> PluginError:
    return PluginError(
        f"stage {stage.__module__}.{stage.__qualname__} breaks its contract: {what}",
        hint="see headway.Stage",
        code="stage-contract",
    )


def build_used(value: str | Mapping[str, Any], kind: str, registry: Lookup) -> Any:
    """An instance of what a value of a field marked `headway.fields.Uses` chooses.

    Args:
        value: A name, or one name with the fields of what it names, in JSON types.
        kind: The registry kind.
        registry: Names to dataclasses.

    Raises:
        UsageError: Nothing is registered under that name.
        DataError: The value is no such choice, or its fields do not fit.
    """
    name, values = _choice(value, kind)
    cls = registry.get(kind, name)
    known = [item.name for item in dataclasses.fields(cls) if item.init]
    for key in values:
        if key not in known:
            raise DataError(f"{kind} '{name}': {unknown('field', key, known)}", code="unknown-field")
    return _validated(cls, values, f"{kind} '{name}'")


def _choice(value: str | Mapping[str, Any], kind: str) -> tuple[str, Mapping[str, Any]]:
    if isinstance(value, str):
        return value, {}
    if len(value) != 1:
        raise DataError(
            f"a {kind} is one name with its fields, this has {len(value)}: {', '.join(map(str, value)) or 'none'}",
            hint="write each as an item of its own",
            code="one-choice",
        )
    ((name, values),) = value.items()
    if not isinstance(values, Mapping | None):
        raise DataError(f"{kind} '{name}' takes fields by name, not {values!r}", code="one-choice")
    return name, values or {}


def _validated(cls: type, values: Mapping[str, Any], what: str) -> Any:
    from pydantic import ValidationError

    from headway.contracts.adapters import adapter_of
    from headway.contracts.artifact import canonical_json

    try:
        return adapter_of(cls).validate_json(canonical_json(values), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{what}: {at}: {first['msg']}".replace(": :", ":"), code="field-value") from error


def fields_of(stage: Stage | type[Stage]) -> tuple[dataclasses.Field[Any], ...]:
    """The config fields of a stage."""
    return dataclasses.fields(stage)  # type: ignore[arg-type]  # checked by signature_of at registration
