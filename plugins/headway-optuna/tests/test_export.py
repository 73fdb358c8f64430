import math
from dataclasses import replace

import optuna
import pytest
from engine_kit import MIXED, Constraint, Parameter, Space, Swept
from headway import HeadwayError
from headway_optuna.records import export, importances
from headway_optuna.space.distributions import Float
from headway_optuna.trial import Study, Trial


def study_of(swept, name="adult", objectives=None):
    objectives = objectives or {"validation.loss": "minimize"}
    trials = [
        replace(t, runs=(f"run-{t.number}",), worker=0, begun=1.7e9 + t.number,
                ended=None if t.state == "running" else 1.7e9 + t.number + 0.5)
        for t in swept.trials
    ]  # fmt: skip
    return Study(name, objectives, tuple(trials), len(trials), sampler="tpe", pruner="median")


@pytest.fixture(scope="module")
def swept():
    small = Constraint("blocks <= 3", lambda params, metrics: params["blocks"] - 3)
    swept = Swept("tpe", "median", 3, Space(MIXED.parameters, (small,))).run(25)
    swept.engine.tell(swept.engine.ask().number, "failed", reason="ValueError: no rows")
    swept.engine.ask()
    return swept


def load(url, name="adult"):
    storage = url if "://" in url else optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(url))
    return optuna.load_study(study_name=name, storage=storage)


@pytest.mark.parametrize("form", ["sqlite:///{}/study.db", "{}/study.log"])
def test_optuna_loads_what_was_exported(swept, form, tmp_path):
    url, study = form.format(tmp_path), study_of(swept)
    export(study, MIXED.parameters, url)
    loaded, (best,) = load(url), study.best
    assert loaded.best_value == best.values[0]
    widths = {"widths": str(best.params["widths"])} if best.params.get("widths") else {}
    assert loaded.best_params == {**best.params, **widths}
    assert loaded.metric_names == ["validation.loss"]
    for ours, theirs in zip(study.trials, loaded.trials, strict=True):
        state = {"failed": "FAIL", "infeasible": "FAIL"}.get(ours.state, ours.state.upper())
        assert (theirs.number, theirs.state.name) == (ours.number, state)
        assert repr(dict(theirs.intermediate_values)) == repr(dict(ours.reports))
        assert theirs.user_attrs["headway:runs"] == [f"run-{ours.number}"]
        assert theirs.user_attrs.get("headway:reason", "") == ours.reason
        ended = theirs.datetime_complete.timestamp() if theirs.datetime_complete else None
        assert (theirs.datetime_start.timestamp(), ended) == (ours.begun, ours.ended)
    states = {trial.state for trial in study.trials}
    assert states == {"complete", "pruned", "failed", "infeasible", "running"}


def test_a_pruned_trial_has_the_value_that_optuna_gives_it(swept, tmp_path):
    export(study_of(swept), MIXED.parameters, url := f"sqlite:///{tmp_path}/study.db")
    told = {t.number: t.value for t in swept.engine._study.trials if t.state.name == "PRUNED" and not t.constraints}
    loaded = {t.number: t.value for t in load(url).trials if t.number in told}
    assert loaded == told
    assert any(value is not None for value in told.values())


def test_several_objectives_are_exported(tmp_path):
    swept = Swept("nsga2", directions=("minimize", "maximize"))
    assert not swept.engine.report(swept.engine.ask().number, 1, 9.0)
    swept.engine.tell(0, "failed")
    swept.run(12)
    study = study_of(swept, objectives={"loss": "minimize", "speed": "maximize"})
    export(study, MIXED.parameters, url := f"sqlite:///{tmp_path}/study.db")
    loaded = load(url)
    assert {trial.number for trial in loaded.best_trials} == {trial.number for trial in study.best}
    assert loaded.metric_names == ["loss", "speed"]


@pytest.mark.parametrize("form", ["sqlite:///{}/study.db", "{}/study.log"])
def test_a_study_is_not_exported_over_another(swept, form, tmp_path):
    url, study = form.format(tmp_path), study_of(swept)
    export(replace(study, trials=study.trials[:3]), MIXED.parameters, url)
    with pytest.raises(HeadwayError, match="has a study 'adult' already") as error:
        export(study, MIXED.parameters, url)
    assert error.value.code == "export-exists"
    assert len(load(url).trials) == 3
    export(replace(study, name="adult-2"), MIXED.parameters, url)
    assert len(load(url, "adult-2").trials) == len(study.trials)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("oracle9://host/db", "oracle9"),
        ("sqlite:////no/such/folder/study.db", "unable to open database file"),
        ("/no/such/folder/study.log", "No such file"),
        ("mysql+nosuchdriver://host/db", "nosuchdriver"),
        ("redis://host", "redis"),
    ],
)
def test_a_storage_that_cannot_be_opened_is_told_in_a_line(swept, url, text):
    with pytest.raises(HeadwayError) as error:
        export(study_of(swept), MIXED.parameters, url)
    assert error.value.code == "export-storage"
    assert error.value.what.startswith(f"cannot export to {url}: ")
    assert text in error.value.what
    assert len(error.value.what.splitlines()) == 1


def test_a_password_is_not_told(swept):
    with pytest.raises(HeadwayError) as error:
        export(study_of(swept), MIXED.parameters, "mysql+nosuchdriver://ann:s3:cr@t@host/db")
    assert "cr@t" not in error.value.render()
    assert "mysql+nosuchdriver://ann:…@host/db" in error.value.what


def test_nothing_is_left_of_an_export_that_fails(swept, tmp_path, monkeypatch):
    url, add, left = f"sqlite:///{tmp_path}/study.db", optuna.Study.add_trial, iter(range(4))

    def full(study, trial):
        if next(left, None) is None:
            raise OSError(28, "No space left on device")
        add(study, trial)

    monkeypatch.setattr(optuna.Study, "add_trial", full)
    with pytest.raises(HeadwayError, match="No space left on device"):
        export(study_of(swept), MIXED.parameters, url)
    monkeypatch.undo()
    assert optuna.get_all_study_names(url) == []
    export(study_of(swept), MIXED.parameters, url)


X, Y = Parameter("x", Float(0.0, 1.0)), Parameter("y", Float(0.0, 1.0))


def planted(count, conditional=False):
    """A study in which x decides, and y (there for half of the trials only) does not."""
    trials = []
    for number in range(count):
        x, y = (number * 0.618) % 1, (number * 0.414) % 1
        params = {"x": x} if conditional and number % 2 else {"x": x, "y": y}
        trials.append(Trial(number, params, state="complete", values=(x + 0.01 * y,)))
    return Study("planted", {"loss": "minimize"}, tuple(trials), count)


@pytest.mark.parametrize("conditional", [False, True])
def test_importances_find_the_parameter_that_decides(conditional):
    shares = importances(planted(40, conditional), (X, Y))
    assert list(shares) == ["x", "y"]
    assert shares["x"] > 0.8
    assert math.isclose(sum(shares.values()), 1)


def test_few_trials_have_no_importances():
    assert importances(planted(9), (X, Y)) == {}
    assert len(importances(planted(10), (X, Y))) == 2


def test_the_engines_importances_are_those_of_its_records(swept):
    assert swept.engine.importances() == importances(study_of(swept), MIXED.parameters)
    two = Swept("tpe", directions=("minimize", "maximize")).run(25)
    shares = two.engine.importances()
    assert math.isclose(sum(shares.values()), 1)
    assert set(shares) == {"model", "rate", "blocks", "dropout", "widths", "decay"}
