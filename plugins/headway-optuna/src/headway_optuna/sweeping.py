"""A sweep from its words to its end."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headway.streams import lasting

from headway_optuna.describing import check_same, description, study_of
from headway_optuna.following import Final
from headway_optuna.resolving import Asked, asked
from headway_optuna.space.probing import probes
from headway_optuna.studies import relative, shown, write_best, write_page
from headway_optuna.study import Kept
from headway_optuna.tables import showing

if TYPE_CHECKING:
    from headway_optuna.live import Watch
    from headway_optuna.trial import Trial

ENDS = {
    "done": "",
    "exhausted": "every point of the space was tried",
    "failures": "too many trials failed (sweep.max_failures); the reasons: headway sweep show {name}",
    "time": "the time is over (sweep.timeout); the same command goes on",
    "stopped": "stopped; the same command goes on",
}
"""How a sweep ended, in words."""
ENDED = ("done", "exhausted")
"""Ends after which nothing is left to search."""
KEPT = ("words", "optuna", "made_of")
"""What a study says of its beginning."""


def dry_run(words: Sequence[str], session: Any) -> int:
    """Prints what would be searched, and how."""
    wanted = asked(words, session)
    search = wanted.search
    told = [f"{o.metric.written} ({o.direction})" for o in search.objectives]
    study = study_of(description(search, {}, ""))
    lines = [
        f"study {search.name}: {search.sweep.trials} trials, {search.sweep.workers} at once",
        f"optimize {', '.join(told)}; each trial runs up to {', '.join(search.stages)}",
        f"sampler {study.sampler}, seed {search.seed}; pruner {study.pruner}",
        *(f"note: {note}" for note in wanted.notes),
        "",
        *search.space.lines(),
    ]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def sweep(words: Sequence[str], session: Any) -> int:
    """Searches until enough trials are finished, then runs the best configuration in full.

    Returns:
        The exit code: 1 if too many trials failed, there is no best one, or it failed in full.
    """
    wanted = asked(words, session)
    with _working(wanted, session) as launcher:
        launcher.check([wanted.base], wanted.search.stages)  # before there is a study
        with _at_work(wanted, session) as (kept, engine), ExitStack() as trials:
            trials.callback(launcher.cancel)  # before the study is let go
            verdict, fine = _searched(wanted, kept, engine, launcher)
    return _concluded(wanted, session, kept, verdict, fine=fine)


def _searched(wanted: Asked, kept: Kept, engine: Any, launcher: Any) -> tuple[str, bool]:
    """How it ended, and whether the best configuration, if it was to be run, was."""
    from headway_optuna.controller import Controller
    from headway_optuna.live import watching

    with watching(kept.study, wanted.search.sweep.workers) as watch:
        for note in (*wanted.notes, *kept.changes(launcher.made_of(_every(wanted), wanted.search.stages))):
            watch.note(f"note: {note}")
        controller = Controller(wanted.search, engine, kept, launcher, wanted.variants.experiment, watch)
        verdict = controller.run()
        ended = verdict in ENDED and len(wanted.search.objectives) == 1
        best = next(iter(kept.study.best), None) if ended else None
        fine = best is None or _in_full(best, wanted, kept, launcher, watch)
        if verdict == "exhausted":
            kept.exhausted()
    return verdict, fine


@contextmanager
def _at_work(wanted: Asked, session: Any) -> Iterator[tuple[Kept, Any]]:
    """The study, held alone, its journal replayed."""
    import optuna

    from headway_optuna.engine import Engine

    search = wanted.search
    folder = session.opened.studies.folder(search.name)
    now = description(search, _config(wanted, session), optuna.__version__)
    with folder.held():
        before = folder.description
        if before is not None:
            check_same(before, now)
            now |= {key: before[key] for key in KEPT if key in before}
        folder.describe(now)
        kept = Kept(folder, study_of(now))
        engine = Engine(
            search.name, search.directions, search.space, search.sampler, search.pruner, search.seed, kept.record
        )
        engine.replay(kept.events, now["optuna"])
        yield kept, engine


def _config(wanted: Asked, session: Any) -> dict[str, Any]:
    """What trials start from, without what they do not run: that may change while a study goes on."""
    stages = session.up_to(wanted.base, wanted.search.stages).stages
    return {"seed": wanted.base.seed, **{stage.name: wanted.base.public[stage.name] for stage in stages}}


def _working(wanted: Asked, session: Any) -> Any:
    sweep = wanted.search.sweep
    workers = sweep.workers if wanted.base.runner.isolate or sweep.workers > 1 else 0
    return session.launching(workers, sweep.threads, sweep.gpus)


def _every(wanted: Asked) -> list[Any]:
    """The experiment that trials start from, and one with each option of the groups that are searched."""
    space = wanted.search.space
    points = [point for parameter, point in probes(space) if parameter.is_group]
    return [wanted.base, *(wanted.variants.experiment(space.words(point)) for point in points)]


def _in_full(trial: Trial, wanted: Asked, kept: Kept, launcher: Any, watch: Watch) -> bool:
    """Runs the best configuration through all its stages, once."""
    if not wanted.search.sweep.final or kept.final == trial.number:
        return True
    watch.note(f"trial {trial.number} is the best: it is run in full")
    experiment = wanted.variants.experiment(trial.words)
    launched = launcher.launch(
        [experiment], Final(watch), wanted.search.name, f"{wanted.search.name}/{trial.number} in full"
    )
    while launched not in launcher.wait():
        pass
    (result,) = launched.results
    if result.status == "done":
        kept.concluded(trial.number, result.id)
    return bool(result.status == "done")


def _concluded(wanted: Asked, session: Any, kept: Kept, verdict: str, *, fine: bool) -> int:
    """Says how it ended and where things are; the exit code."""
    search, study = wanted.search, kept.study
    folder = session.opened.studies.folder(search.name)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    lines = ["", *showing(shown(folder, weigh=True), width), ""]
    if ENDS[verdict]:
        lines.append(ENDS[verdict].format(name=search.name))
    ended = verdict in ENDED and len(study.objectives) == 1 and bool(study.best)
    if ended and search.sweep.save_best:
        words = tuple(session.opened.studies.folder(search.name).description["words"])
        lines.append(f"best      {relative(write_best(session, study, study.best[0], words))}")
    lines.append(f"study     {relative(write_page(folder))}")
    lines += [f"{name:<9} {relative(path)}" for name, path in _products(session, kept)]
    print("\n".join(lines), file=lasting(sys.stdout), flush=True)
    found = bool(study.best) or verdict not in ENDED
    if not found:
        what = "no trial is complete and keeps the constraints, so there is no best configuration"
        print(what, file=lasting(sys.stderr), flush=True)
    return 0 if fine and found and verdict != "failures" else 1


def _products(session: Any, kept: Kept) -> Iterator[tuple[str, Path]]:
    """What the run of the best configuration made."""
    if kept.study.final is not None:
        yield from session.products(session.records.show(kept.study.final))
