"""The path of a command, readable top to bottom: plugins → config → plan → runs → results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from headway.errors import HeadwayError, PreflightError, UsageError
from headway.plugins import Plugins, blocked, load

if TYPE_CHECKING:
    from headway.config import Experiment
    from headway.config.model import StageConfig
    from headway.executors import Executor
    from headway.launcher import Launcher
    from headway.planning import Node, Plan, Selection
    from headway.results import Listener, RunResult
    from headway.stage import Stage
    from headway.store import ArtifactStore, Records, Run, Store
    from headway.variants import Variants

PRODUCTS = {"evaluation": ("report", "report.html"), "deployment": ("package", "")}
"""What a run is for: stage kind → (what it is called, the file in its folder)."""


@dataclass(frozen=True)
class Session:
    """One invocation of Headway in one project.

    Attributes:
        folder: The project's folder, or None outside any project.
        plugins: What is installed and what the project brings.
    """

    folder: Path | None
    plugins: Plugins

    @classmethod
    def open(cls, project: Path | None = None) -> Session:
        """Finds the project and loads its plugins.

        Args:
            project: The project's folder; by default the nearest one above the working directory that
                has a ``configs`` folder.

        Raises:
            UsageError: `project` is given but is no project.
        """
        if project is not None and not (project / "configs").is_dir():
            raise UsageError(f"{project} is no project: it has no configs folder", code="no-project")
        folder = project.resolve() if project else nearest_project(Path.cwd())
        return cls(folder, load(folder, blocked()))

    @property
    def project(self) -> Path:
        """The project's folder; raises `UsageError` outside a project."""
        if self.folder is None:
            raise UsageError(
                "no project here: neither this folder nor one above it has a configs folder",
                hint="change into a project, or name it: headway --project FOLDER …",
                code="no-project",
            )
        return self.folder

    @property
    def store(self) -> Path:
        """The store's folder: ``.headway`` in the project, or what HEADWAY_STORE says."""
        return store_of(self.project)

    @cached_property
    def opened(self) -> Store:
        """The store itself."""
        from headway.store import open_store

        return open_store(self.store)

    @property
    def artifacts(self) -> ArtifactStore:
        """The artifact store."""
        return self.opened.artifacts

    @property
    def records(self) -> Records:
        """The records of runs."""
        return self.opened.records

    def experiments(self, overrides: Sequence[str], *, multirun: bool = False) -> list[Experiment]:
        """Composes and checks the experiments that the overrides ask for.

        Args:
            overrides: Choices and values in Hydra's grammar.
            multirun: Whether comma-separated values make a grid.

        Raises:
            ConfigError: All faults of the first config that has any.
        """
        if not multirun:
            return [self._experiment(overrides)]
        from headway.config import expand

        grid, variants = expand(overrides), self.variants(())
        return [variants.experiment(words) for words in grid]

    def variants(self, words: Sequence[str]) -> Variants:
        """What a sweep composes: a config of some words, and the experiments of more words, at a few ms each.

        Args:
            words: What all of them say, in Hydra's grammar.
        """
        from headway.variants import Variants

        return Variants(self.project, words, self.plugins)

    def _experiment(self, overrides: Sequence[str]) -> Experiment:
        """One experiment; what it was composed to is kept for the next command, unless it holds secrets."""
        from headway.config import Drafts, check

        drafts = Drafts(self.project, self.plugins)
        made, text = drafts.recall(overrides), None
        if made is None:
            from headway.config import draft

            made = draft(self.project, overrides, self.plugins)
            text = made.to_json()
        experiment = check(made.finished(self.project, overrides, self.plugins), self.plugins)
        if text is not None and experiment.public == experiment.config.said:
            drafts.keep(overrides, text)
        return experiment

    def stage(self, config: StageConfig) -> Stage:
        """A stage of an experiment with its source paths made absolute, ready to be used outside a run.

        Raises:
            UsageError: A file that it names does not exist.
        """
        from headway.planning import located

        return located(config, self.project)

    def plan(self, experiments: Sequence[Experiment], selection: Selection | None = None) -> Plan:
        """What would run, what is cached, and why.

        Args:
            experiments: What to plan, as one graph.
            selection: Which stages are wanted; all of them by default.
        """
        from headway.planning import plan

        return plan(experiments, self.plugins, self.artifacts, self.records, selection)

    def run(
        self,
        overrides: Sequence[str],
        *,
        listener: Listener,
        multirun: bool = False,
        selection: Selection | None = None,
        keep_going: bool = False,
    ) -> list[RunResult]:
        """Plans and executes; one run an experiment, stages they share computed once.

        Args:
            overrides: Choices and values in Hydra's grammar.
            listener: Told what happens.
            multirun: Whether comma-separated values make a grid.
            selection: Which stages are wanted; all of them by default.
            keep_going: Whether a failure stops only what needs the failed stage.

        Raises:
            ConfigError: The config has faults.
            PreflightError: Something the stages need is missing on this machine.
        """
        from headway.opening import open_journal
        from headway.runner import execute

        experiments = self.experiments(overrides, multirun=multirun)
        with self.opened.in_use():
            plan = self.plan(experiments, selection)
            self.preflight(plan, experiments)
            journal = open_journal(self, plan, experiments, listener)
            with journal, self._executor(experiments, plan) as executor:
                execute(plan, executor, journal, (self.store, self.project), keep_going=keep_going)
        return journal.results

    def up_to(self, experiment: Experiment, names: Sequence[str]) -> Experiment:
        """The experiment with no more of its pipeline than some stages need; see `headway.planning.up_to`."""
        from headway.planning import up_to

        return up_to(experiment, names)

    def preflight(self, plan: Plan, experiments: Sequence[Experiment]) -> None:
        """Asks the stages that will run what is missing for them; several of one class may lack the same thing.

        Raises:
            PreflightError: All that is missing.
        """
        faults = {
            (fault.what, fault.hint): _located(fault, node, experiments, self.plugins)
            for node in plan.nodes
            if node.verdict == "run"
            for fault in self.stage(node.stage).preflight()
        }
        if faults:
            raise PreflightError(list(faults.values()))

    def launching(self, workers: int, threads: int | None, gpus: int) -> AbstractContextManager[Launcher]:
        """Worker processes that execute experiments while others are added; see `headway.launcher.launching`."""
        from headway.launcher import launching

        return launching(self, workers, threads, gpus)

    def _executor(self, experiments: Sequence[Experiment], plan: Plan) -> Executor:
        from headway.executors import InProcess, WorkerProcesses

        runner = max((experiment.runner for experiment in experiments), key=lambda runner: runner.workers)
        if runner.workers > 1 and not runner.isolate:
            hint = "set runner.isolate=true, or runner.workers=1"
            raise UsageError("one process cannot run several stages at once", hint=hint, code="workers")
        if not runner.isolate or all(node.entry for node in plan.nodes):
            return InProcess(self.plugins)
        return WorkerProcesses(runner.workers, runner.threads)

    def products(self, result: RunResult | Run) -> Iterator[tuple[str, Path]]:
        """What a run made for people: (``report`` or ``package``, path relative to here if below)."""
        for stage in result.stages:
            if stage.kind in PRODUCTS and stage.digest:
                name, file = PRODUCTS[stage.kind]
                path = self.artifacts.run_folder(result.id) / stage.label / file
                if path.exists():
                    yield name, _below(path)

    def resolve(self, reference: str) -> Path:
        """The folder of the package that a reference means.

        Args:
            reference: A folder, or a run: its id, an unambiguous beginning of it, ``latest`` or
                ``NAME@latest``.

        Raises:
            UsageError: There is no such folder or run, or the run made no package.
        """
        if Path(reference).is_dir():
            return Path(reference)
        if "/" in reference:
            raise UsageError(f"there is no folder {reference}", code="no-package")
        run = self.records.resolve(reference)
        stages = self.records.show(run).stages
        made = [s for s in stages if s.kind == "deployment" and s.digest]
        if not made or made[-1].digest is None:
            raise UsageError(
                f"run {run} made no package",
                hint=f"its stages: {', '.join(f'{s.label} {s.status}' for s in stages) or 'none'}",
                code="no-package",
            )
        return self.artifacts.path(made[-1].digest)


def store_of(project: Path) -> Path:
    """The folder of a project's store."""
    given = os.environ.get("HEADWAY_STORE")
    return Path(given).resolve() if given else project / ".headway"


def nearest_project(folder: Path) -> Path | None:
    """The nearest folder, from this one upwards, that has a ``configs`` folder."""
    return next((f for f in (folder, *folder.parents) if (f / "configs").is_dir()), None)


def _below(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _located(fault: HeadwayError, node: Node, experiments: Sequence[Experiment], plugins: Plugins) -> HeadwayError:
    """A fault whose place is where the first config that has the stage says it."""
    if fault.where is not None:
        from headway.config.locating import locate

        index = min(node.labels)
        experiment = experiments[index]
        stage = experiment.stage(node.labels[index][0])
        fault.where = locate(fault.where, stage, experiment.config, plugins)
    return fault
