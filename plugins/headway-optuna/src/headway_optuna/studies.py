"""The actions of `headway sweep` on studies that are there."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headway.errors import ConfigError, DataError, StoreError, UsageError

from headway_optuna.describing import study_of
from headway_optuna.tables import Shown, listing, listing_json, showing, showing_json
from headway_optuna.trial import Study, Trial

REPORT = "report.html"


def described(folder: Any) -> Mapping[str, Any]:
    """What a study's folder says of it.

    Raises:
        StoreError: It has no description.
    """
    found = folder.description
    if found is None:
        what = f"study {folder.name} has lost its description"
        hint = f"headway store verify tells more; headway sweep remove {folder.name} forgets it"
        raise StoreError(what, hint=hint, code="damaged-study")
    return dict(found)


def shown(folder: Any, *, weigh: bool = False) -> Shown:
    """A study and what is known beside it; its parameters are weighed only if asked for, which takes Optuna."""
    about = described(folder)
    study = study_of(about, folder)
    return Shown(study, folder.is_running, weights(about, study) if weigh else {})


def weights(about: Mapping[str, Any], study: Study) -> Mapping[str, float]:
    """Parameter to its share; of several objectives nothing is said before there are enough trials."""
    from headway_optuna.records import importances

    return importances(study, parameters(about))


def parameters(about: Mapping[str, Any]) -> list[Any]:
    """The parameters of a described study."""
    from headway_optuna.space.parameters import searched

    return [searched(item) for item in about["space"]["parameters"]]


def do_list(session: Any, *, form: str, width: int | None) -> int:
    """Prints a line a study."""
    found = [shown(folder) for folder in session.opened.studies]
    return _print(listing_json(found) if form == "json" else listing(found, width))


def do_show(session: Any, name: str, *, form: str, width: int | None, everything: bool) -> int:
    """Prints a study."""
    found = shown(session.opened.studies.find(name), weigh=True)
    return _print(showing_json(found) if form == "json" else showing(found, width, everything=everything))


def do_stop(session: Any, name: str) -> int:
    """Asks whoever works at a study to stop."""
    folder = session.opened.studies.find(name)
    if not folder.is_running:
        raise UsageError(
            f"nobody works at study {name}", hint="headway sweep list tells which are running", code="idle"
        )
    folder.ask_to_stop()
    return _print([f"{name} stops; what its trials have done is kept, and the same command goes on"])


def do_report(session: Any, name: str) -> int:
    """Writes the page of a study."""
    return _print([str(relative(write_page(session.opened.studies.find(name))))])


def write_page(folder: Any) -> Path:
    """Writes the page of a study into its folder."""
    from headway_optuna.report import write_report

    path: Path = folder.path / REPORT
    write_report(path, shown(folder, weigh=True))
    return path


def do_best(session: Any, name: str) -> int:
    """Writes the best trial's configuration as an experiment."""
    folder = session.opened.studies.find(name)
    about = described(folder)
    study = study_of(about, folder)
    return _print([str(relative(write_best(session, study, the_best(study), tuple(about["words"]))))])


def the_best(study: Study) -> Trial:
    """The best trial.

    Raises:
        UsageError: There is none, or several are best of several objectives.
    """
    best = study.best
    if not best:
        raise UsageError(f"no trial of {study.name} is complete", code="no-best")
    if len(study.objectives) > 1:
        front = ", ".join(str(trial.number) for trial in best)
        what = f"{study.name} has several objectives, and so no best trial; on the front are {front}"
        raise UsageError(what, hint=f"headway run --trial {study.name}/{best[0].number} runs one", code="no-best")
    return best[0]


def write_best(session: Any, study: Study, trial: Trial, words: tuple[str, ...]) -> Path:
    """Writes a trial's configuration as ``configs/experiment/NAME_best.yaml``, if that comes to the same.

    Raises:
        DataError: A file cannot say what the words say; none is left.
    """
    from headway_optuna.best import LEFT_OUT

    wanted = session.variants(()).experiment((*words, *trial.words))
    for chosen in ((), LEFT_OUT):  # an option of the node is added, or replaces what a file chooses
        path = _written(session, study, trial, wanted, chosen)
        try:
            if _compared(session.variants((f"experiment={path.stem}",)).base) == _compared(wanted):
                return path
        except ConfigError:
            pass
        path.unlink()
    what = f"trial {trial.number} of {study.name} replaces a mapping, which a file can only add to"
    raise DataError(what, hint=f"run it by its number: headway run --trial {study.name}/{trial.number}", code="best")


def _written(session: Any, study: Study, trial: Trial, wanted: Any, chosen: tuple[str, ...]) -> Path:
    from headway_optuna.best import experiment_text, save_best

    options = session.variants(()).options
    text = experiment_text(study, trial, wanted.words, lambda key: bool(options(key)), wanted.config.tree.root, chosen)
    return save_best(session.project, study, text)


def _compared(experiment: Any) -> dict[str, Any]:
    return {key: value for key, value in experiment.public.items() if key != "sweep"}


def do_export(session: Any, name: str, url: str) -> int:
    """Writes a study into a storage of Optuna's."""
    from headway_optuna.records import export

    about = described(session.opened.studies.find(name))
    study = study_of(about, session.opened.studies.find(name))
    export(study, parameters(about), url)
    return _print([f"{len(study.trials)} trials of {name} are in {url}", f"optuna-dashboard {url}"])


def do_remove(session: Any, name: str) -> int:
    """Forgets a study; the runs of its trials stay."""
    folder = session.opened.studies.find(name)
    folder.remove()
    return _print([f"{name} is forgotten; the runs of its trials stay, and what they made until headway store gc"])


def relative(path: Path) -> Path:
    """A path as people write it from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _print(lines: list[str]) -> int:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
