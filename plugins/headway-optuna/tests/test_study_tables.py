import json
import math
from dataclasses import replace

import pytest
from headway_optuna.grid import grid
from headway_optuna.lines import wide
from headway_optuna.tables import Shown, listing, listing_json, showing, showing_json
from headway_optuna.texts import brief, gist, short_names
from headway_optuna.trial import Study, Trial
from sample_studies import study


def test_the_list_has_a_line_a_study():
    lines = listing([Shown(study(8, states=("complete",))), Shown(study(4, goals=2, name="two"), is_running=True)])
    assert lines[0].split()[:4] == ["study", "status", "finished", "best"]
    assert lines[1].split()[:3] == ["adult", "finished", "8/8"]
    assert lines[2].split()[:2] == ["two", "running"]
    assert "front of" in lines[2]
    assert "2026-09-21 14:1" in lines[1]
    assert "max validation.auroc, min cost.latency" in lines[2]
    assert listing([]) == ["no sweeps yet"]


def test_a_study_that_nobody_works_at_is_stopped():
    shown = replace(study(4), wanted=9)
    assert listing([Shown(shown)])[1].split()[1] == "stopped"


def test_a_study_is_shown_with_its_best_trial_in_full():
    shown = study(40)
    text = "\n".join(showing(Shown(shown, importances={"model": 0.5, "model.width": 0.25}), 80))
    best = shown.best[0]
    assert f"best: trial {best.number}, validation.auroc {best.values[0]:.5g}, run run{best.number}" in text
    assert repr(best.params["model.learning_rate"]) in text
    assert "model         0.50  ▇▇" in text
    assert "the best 10 of 40 trials" in text
    assert "median of 5 trials at step 3" in text
    assert "tpe (startup 10)" in text


def test_all_trials_are_shown_when_asked():
    lines = showing(Shown(study(40)), everything=True)
    at = lines.index("trials")
    assert [line.split()[0] for line in lines[at + 2 : at + 42]] == [str(number) for number in range(40)]


def test_several_objectives_show_their_front():
    shown = study(60, goals=3)
    lines = showing(Shown(shown))
    at = lines.index(f"Pareto front: {len(shown.best)} trials")
    rows = lines[at + 2 : at + 2 + len(shown.best)]
    assert {int(row.split()[0]) for row in rows} == {trial.number for trial in shown.best}
    assert lines[at + 1].split()[:5] == ["trial", "state", "auroc", "latency", "size"]


def test_trials_that_did_not_complete_are_told_with_their_reasons():
    shown = study(9, states=("failed", "pruned", "infeasible"))
    broken = Trial(9, {}, state="complete", values=(0.5,), violations=(2.5, -1.0))
    text = "\n".join(showing(Shown(replace(shown, trials=(*shown.trials, broken)))))
    assert "failed: 3\n  trials 0, 3, 6: ValueError: loss is <nan> & worse" in text
    assert "pruned: 3\n  trials 1, 4, 7: median" in text
    assert "violate constraints: 1\n  trial 9: model.width * 2 <= 512 (by 2.5)" in text
    assert "no complete trial keeps all constraints" in text


@pytest.mark.parametrize(
    "shown",
    [study(0), study(1), study(5, states=("failed",)), study(3, width=1), Study("bare", {"m": "minimize"}, (), 1)],
)
@pytest.mark.parametrize("width", [None, 20, 80])
def test_small_studies_are_shown_too(shown, width):
    assert showing(Shown(shown), width)
    assert len(listing([Shown(shown)], width)) == 2


def test_lines_of_tables_are_no_wider_than_the_terminal():
    shown = study(30, width=25, goals=2)
    lines = showing(Shown(shown, importances={"model": 1.0}), 80, everything=True)
    start = lines.index("trials")
    assert all(wide(line) <= 80 for line in lines[start : start + 32])
    assert all(wide(line) <= 80 for line in listing([Shown(shown)], 80))


def test_programs_get_all_of_it_as_json():
    shown = study(12)
    odd = replace(shown.trials[0], reports=((1, math.nan),), params={"a": [1, {"b": None}], "c": "ü"})
    shown = replace(shown, trials=(odd, *shown.trials[1:]))
    found = json.loads("\n".join(showing_json(Shown(shown, importances={"model": 1.0}))))
    assert found["best"] == [trial.number for trial in shown.best]
    assert found["trials"][0]["reports"] == [[1, None]]
    assert found["trials"][0]["params"] == {"a": [1, {"b": None}], "c": "ü"}
    assert [trial["values"] for trial in found["trials"]] == [list(trial.values) for trial in shown.trials]
    assert json.loads("\n".join(listing_json([Shown(shown, is_running=True)])))[0]["running"] is True
    assert json.loads("\n".join(listing_json([]))) == []


def test_columns_that_do_not_fit_are_counted_and_numbers_are_not_cut():
    lines = grid(["name", "value", "words", "more"], [["a", "0.00012345", "x" * 30, "y" * 30]], 44)
    assert lines[0].split() == ["name", "value", "words", "+1"]
    assert len(lines[0]) == 44
    assert lines[1].split()[:2] == ["a", "0.00012345"]
    assert lines[1].endswith("xxx…")


def test_empty_columns_are_left_out():
    assert grid(["a", "b", "c"], [["1", "", "x"]]) == ["a  c", "1  x"]


def test_names_are_as_short_as_they_are_clear():
    found = short_names(["model.learning_rate", "features.width", "model.width", "model"])
    assert list(found.values()) == ["learning_rate", "features.width", "model.width", "model"]


def test_values_are_brief():
    assert [brief(value) for value in (3.12345e-4, 10, True, None, "mlp", [256, 128], {"a": 1})] == [
        "0.000312", "10", "true", "null", "mlp", "[256,128]", '{"a":1}',
    ]  # fmt: skip
    assert brief(list(range(100))) == "[0,1,2,3,4,5,6,…"
    assert brief("one\ntwo\x1b[31m") == "one two [31m"


def test_the_gist_of_a_traceback_is_its_error():
    assert gist("Traceback (most recent call last):\n  File\nValueError: no\n") == "ValueError: no"
    assert gist("out of memory\nsee the log") == "out of memory"
    assert gist(" \n") == ""
