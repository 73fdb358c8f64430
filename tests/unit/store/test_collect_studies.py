"""What a collection keeps for studies, and what is verified of them."""

import pytest
from headway.errors import StoreError
from headway.store.collect import garbage
from headway.store.verify import study_faults

from tests.unit.store.test_collect import DAY, RULE, age, collect, key_of, left, record, store, work_of

__all__ = ["store"]


def begin(number, trial=0):
    return {"event": "begin", "trial": trial, "run": f"run-{number}", "worker": 0, "time": 1.0}


def tell(trial, state):
    return {"event": "tell", "trial": trial, "state": state, "values": [], "reason": "", "violations": [], "time": 1.0}


def ask(trial):
    return {"event": "ask", "trial": trial, "params": {}, "words": [], "time": 1.0}


def studied(store, *events, trials=2, name="adult"):
    study = store.studies.folder(name)
    with study.held():
        study.describe({"trials": trials})
        for event in events:
            study.append(event)
    return study


def test_what_the_trials_of_a_study_that_goes_on_made_or_were_making_is_kept(store):
    studied(store, ask(0), begin(0), tell(0, "complete"), ask(1), begin(1, 1))
    work_of(store, 1)
    work_of(store, 8)
    age(store, 30 * DAY)
    collect(store)
    assert left(store) == [0, 1, 3, 4]
    assert {item.name for item in store.artifacts.contents() if item.kind == "work"} == {key_of(1)}


@pytest.mark.parametrize("state", ["failed", "infeasible"])
def test_trials_that_do_not_count_do_not_finish_a_study(store, state):
    studied(store, ask(0), begin(0), tell(0, "complete"), ask(1), begin(1, 1), tell(1, state))
    collect(store)
    assert left(store) == [0, 1, 3, 4]


def test_of_a_finished_study_the_newest_trials_and_the_final_run_are_kept_beside_other_runs(store):
    record(store, 5)
    age(store, 30 * DAY)
    final = {"event": "final", "trial": 1, "run": "run-0", "time": 1.0}
    events = [ask(0), begin(1), tell(0, "complete"), ask(1), begin(2, 1), begin(5, 1), tell(1, "pruned"), final]
    study = studied(store, *events)
    with study.held():
        assert len(left(store)) == 6
        collect(store)
        assert left(store) == [0, 1, 2, 3, 4, 5], "somebody works at it"
    collect(store)
    assert left(store) == [0, 3, 4, 5], "run 5 is the study's newest, run 3 the newest of the others"
    assert store.studies.names() == ["adult"]


def test_a_higher_number_of_trials_opens_a_study_again(store):
    study = studied(store, ask(0), begin(0), tell(0, "complete"), trials=1)
    study.describe({"trials": 2})
    collect(store)
    assert left(store) == [0, 3, 4]


def test_with_a_damaged_study_nothing_is_removed(store):
    study = studied(store, ask(0), begin(0), ask(1))
    path = study.path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"run-0", b"run-1"))
    with pytest.raises(StoreError, match="line 2 of a journal"):
        garbage(store, RULE)


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([ask(0), begin(0), ask(0)], "line 3 asks for trial 0 again"),
        ([ask(0), begin(0, 1)], "line 2 tells of trial 1, which was not asked for"),
        ([tell(0, "complete")], "line 1 tells of trial 0, which was not asked for"),
        ([ask(0), {"event": "final", "trial": 3, "run": "run-0"}], "line 2 tells of trial 3, which was not asked for"),
        ([{"trial": 3}], "line 1 is no event"),
        ([{"event": "ask"}], "line 1 is no event"),
        ([{"event": "ask", "trial": "0"}], "line 1 is no event"),
    ],
)
def test_events_that_cannot_follow_one_another_are_faults(store, events, fault):
    studied(store, ask(5), name="sound")
    study = studied(store, *events)
    assert study_faults(store) == [f"adult: {fault} ({study.path / 'journal.jsonl'})"]


def test_damaged_lines_and_descriptions_are_faults_and_torn_ends_are_not(store):
    path = studied(store, ask(0), ask(1)).path / "journal.jsonl"
    content = path.read_bytes()
    path.write_bytes(content[:-3])
    assert study_faults(store) == []
    path.write_bytes(content.replace(b'"trial": 1', b'"trial": 7'))
    assert "line 2, the last one, is not what was written" in study_faults(store)[0]
    path.write_bytes(content.replace(b'"trial": 0', b'"trial": 7'))
    assert study_faults(store) == [
        f"adult: line 1 of a journal is not what was written, and whole lines follow it ({path}:1:1)"
    ]
    path.write_bytes(content)
    (path.parent / "study.json").unlink()
    assert study_faults(store) == [f"adult: there is a journal, but no description ({path})"]
    (path.parent / "study.json").write_text("{")
    assert "the description of study adult is damaged" in study_faults(store)[0]
