"""The experiments that a command line means."""

from argparse import ArgumentParser
from types import SimpleNamespace

import pytest
from headway.cli.asking import asked, asked_grid, axis, configure_grid, trial_words
from headway.errors import StoreError, UsageError
from headway.store import open_store


@pytest.fixture
def session(tmp_path):
    """Study adult, whose trials 0 and 1 were asked for, and study empty."""
    store = open_store(tmp_path)
    study = store.studies.folder("adult")
    store.studies.folder("empty").describe({"words": []})
    with study.held():
        study.describe({"words": ["experiment=adult", "seed=3"], "trials": 20})
        for number in (0, 1):
            words = [f"model.dropout={number / 10}", "model.kernel='a,b'"]
            study.append({"event": "ask", "trial": number, "params": {}, "words": words, "time": 1.0})
    return SimpleNamespace(opened=store)


def parsed(*words):
    parser = ArgumentParser()
    configure_grid(parser, "run")
    return parser.parse_intermixed_args(words)


def test_a_trial_is_its_study_then_its_parameters_then_what_the_command_line_says(session):
    words = ["experiment=adult", "seed=3", "model.dropout=0.1", "model.kernel='a,b'"]
    assert trial_words("adult/1", session) == words
    assert asked(parsed("--trial", "adult/1", "seed=4"), session) == [*words, "seed=4"]
    assert asked(parsed("seed=4", "--trial", "adult/1"), session) == [*words, "seed=4"]
    assert asked_grid(parsed("--trial", "adult/1", "--folds", "2"), session) == ([*words, *axis(2)], True)


@pytest.mark.parametrize(
    ("reference", "what", "hint"),
    [
        ("adlut/1", "unknown study 'adlut'; did you mean 'adult'?", "headway sweep list"),
        ("", "unknown study ''", "headway sweep list"),
        ("../adult/1", "unknown study '..'", "headway sweep list"),
        ("adult", "which trial of it?", "study adult has 2 trials: --trial adult/1 is the last"),
        ("adult/", "which trial of it?", "study adult has 2 trials: --trial adult/1 is the last"),
        ("adult/one", "'one' is no number", "study adult has 2 trials: --trial adult/1 is the last"),
        ("adult/-1", "'-1' is no number", "study adult has 2 trials: --trial adult/1 is the last"),
        ("adult/1/2", "'1/2' is no number", "study adult has 2 trials: --trial adult/1 is the last"),
        ("adult/2", "there is no trial adult/2", "study adult has 2 trials: --trial adult/1 is the last"),
        ("empty/0", "there is no trial empty/0", "study empty has 0 trials yet"),
    ],
)
def test_a_trial_that_is_not_there_is_answered_with_what_is(session, reference, what, hint):
    with pytest.raises(UsageError) as caught:
        trial_words(reference, session)
    assert what in caught.value.what
    assert caught.value.hint == hint


def test_a_damaged_study_is_told(session):
    path = session.opened.studies.folder("adult").path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"model.dropout=0.0", b"model.dropout=0.9"))
    with pytest.raises(StoreError, match="line 1 of a journal"):
        trial_words("adult/1", session)


def test_without_a_trial_the_overrides_are_all(session):
    assert asked_grid(parsed("model=a,b", "-m"), session) == (["model=a,b"], True)
    assert asked_grid(parsed("model=a"), session) == (["model=a"], False)


def test_folds_are_a_grid():
    assert axis(3) == ["data.split.folds=3", "data.split.fold=range(3)"]
    with pytest.raises(UsageError):
        axis(1)
