"""The node `sweep`: what is searched, how, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge
from headway.contracts.steps.durations import check_duration
from headway.fields import Grammar, Uses

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Sweep:
    """What is searched, how, and for how long."""

    optimize: str | Mapping[str, Direction] = field(default_factory=dict)
    """Metric of validation, such as `validation.auroc` of the stage `model`, in the direction that is better; or
    metrics, each to its direction: several are a Pareto search. Another stage's is written with its name in front:
    `evaluation.validation.auroc`."""
    space: Mapping[str, Any] | Literal["default"] = field(default_factory=dict)
    """Key to a text in the sweep grammar, nested or dotted; `default` takes what the chosen stages ship."""
    when: Mapping[str, str] = field(default_factory=dict)
    """Parameter to the condition under which it is searched, such as `model == 'mlp'`."""
    constraints: tuple[str, ...] = ()
    """What must hold of parameters and metrics, such as `model.width * model.blocks <= 2048`."""
    enqueue: tuple[Mapping[str, Any], ...] = ()
    """Points to try first: parameter to value; what a point leaves out is sampled."""
    name: str = ""
    """The study's name; by default the experiment's."""
    trials: Annotated[int, Ge(1)] = 20
    """Trials to finish: complete and pruned ones count, failed ones do not."""
    workers: Annotated[int, Ge(1)] = 1
    """How many trials run at once, each in a process that is kept."""
    threads: Annotated[int, Ge(1)] | None = None
    """CPU threads of each worker; by default the processors, divided among the workers."""
    gpus: Annotated[int, Ge(1)] = 1
    """GPUs that each worker sees, of those that this process sees, taken in turn."""
    timeout: Annotated[str, Grammar(check_duration)] | None = None
    """Wall-clock time, such as `90m` or `12h`, after which the sweep stops; the same command goes on."""
    max_failures: Annotated[int, Ge(0)] = 10
    """Failed trials after which the sweep stops; counted from the start of the command."""
    folds: Annotated[int, Ge(2)] | None = None
    """Cross-validation: each trial runs all folds, and its objectives are the means over them."""
    sampler: Annotated[str | Mapping[str, Any], Uses("sampler")] = "tpe"
    """What chooses the next point."""
    pruner: Annotated[str | Mapping[str, Any], Uses("pruner")] = "median"
    """What stops a trial that promises little; `none` for several objectives."""
    seed: Annotated[int, Ge(0)] | None = None
    """The sampler's seed; by default the run's."""
    final: bool = True
    """Run the best configuration in full, once, when the study ends."""
    save_best: bool = False
    """Write the best configuration as configs/experiment/NAME_best.yaml when the study ends."""
