import json
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from engine_kit import FINITE, MIXED, PRUNERS, SAMPLERS, Constraint, Parameter, Space, Swept
from headway import HeadwayError
from headway_optuna.space.distributions import Float
from hypothesis import given, settings
from hypothesis import strategies as st

CHEAP = [name for name in SAMPLERS if name not in ("grid", "brute_force", "gaussian_process")]
SMALL = Constraint("blocks <= 4", lambda params, metrics: params["blocks"] - 4)


def goes_on(swept, cut, moves, seed):
    """Cuts the journal, replays it, and goes on from there; beside it, the same without a stop."""
    fresh = replace(swept, lines=[])
    fresh.engine.replay(swept.events[:cut])
    fresh.lines[:0] = swept.lines[:cut]
    again = replace(swept, lines=[])
    run_to(again, swept.events[:cut])
    assert again.engine.running == fresh.engine.running
    for study in (fresh, again):
        study.at_random(moves, random.Random(seed))
    return fresh.events, again.events


def run_to(swept, events):
    """Makes the calls, not replays, that wrote these events."""
    for event in events:
        if event["event"] == "ask":
            swept.engine.ask()
        elif event["event"] == "report":
            swept.engine.report(event["trial"], event["step"], event["value"])
        else:
            given = {key: event[key] for key in ("state", "values", "violations", "reason")}
            swept.engine.tell(event["trial"], **given)


@pytest.mark.parametrize("sampler", CHEAP)
@settings(max_examples=5, deadline=None, derandomize=True)
@given(pruner=st.sampled_from(sorted(PRUNERS)), seed=st.integers(0, 999), share=st.floats(0, 1))
def test_a_journal_cut_anywhere_goes_on_as_if_nothing_had_happened(sampler, pruner, seed, share):
    swept = Swept(sampler, pruner, seed).at_random(90, random.Random(seed))
    one, other = goes_on(swept, round(share * len(swept.lines)), 40, seed)
    assert one == other


@pytest.mark.parametrize("sampler", ["grid", "brute_force"])
@settings(max_examples=5, deadline=None, derandomize=True)
@given(pruner=st.sampled_from(sorted(PRUNERS)), seed=st.integers(0, 999), share=st.floats(0, 1))
def test_so_it_does_with_a_finite_space(sampler, pruner, seed, share):
    swept = Swept(sampler, pruner, seed, FINITE).at_random(60, random.Random(seed))
    one, other = goes_on(swept, round(share * len(swept.lines)), 40, seed)
    assert one == other


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3"])
def test_so_it_does_with_several_objectives(sampler):
    swept = Swept(sampler, seed=3, directions=("minimize", "maximize")).at_random(80, random.Random(3))
    for cut in (0, 1, len(swept.lines) // 2, len(swept.lines)):
        one, other = goes_on(swept, cut, 40, 5)
        assert one == other


def test_so_it_does_with_a_gaussian_process():
    swept = Swept("gaussian_process", seed=2).run(5)
    one, other = goes_on(swept, len(swept.lines) - 1, 4, 5)
    assert one == other
    assert sum(event["event"] == "tell" and event["state"] == "complete" for event in one) > 3


def test_so_it_does_with_constraints_whose_points_were_not_all_told():
    whole = Swept("tpe", "median", 2, Space(MIXED.parameters, (SMALL,))).run(12)
    infeasible = [
        n for n, event in enumerate(whole.events) if event["event"] == "ask" and whole.events[n + 1]["event"] == "tell"
    ]
    assert infeasible
    for cut in (infeasible[0] + 1, infeasible[-1], infeasible[-1] + 1, infeasible[-1] + 2):
        fresh = replace(whole, lines=[])
        running = fresh.engine.replay(whole.events[:cut])
        fresh.lines[:0] = whole.lines[:cut]
        for asked in running:
            fresh.work(asked)
        fresh.run(12 - sum(trial.state != "infeasible" for trial in fresh.trials))
        assert fresh.lines == whole.lines


def test_running_trials_are_to_be_begun_again_with_the_same_parameters():
    swept = Swept("tpe", "threshold")
    one, other = swept.engine.ask(), swept.engine.ask()
    swept.engine.report(one.number, 1, 1.0)
    swept.engine.report(other.number, 3, 9.0)
    fresh = Swept("tpe", "threshold")
    assert fresh.engine.replay([*swept.events, {"event": "begin", "trial": 0}]) == swept.engine.running
    assert [(asked.params, asked.step, asked.is_pruned) for asked in swept.engine.running] == [
        (one.params, 1, False),
        (other.params, 3, True),
    ]
    assert fresh.lines == []


def test_a_replayed_engine_knows_which_points_are_left():
    swept = Swept("brute_force", space=FINITE).run(1000)
    fresh = Swept("brute_force", space=FINITE)
    fresh.engine.replay(swept.events)
    assert fresh.engine.ask() is None


def changed(swept, **fields):
    with pytest.raises(HeadwayError) as error:
        replace(swept, lines=[], **fields).engine.replay(swept.events, "4.9.1")
    assert error.value.code == "study-differs"
    return error.value.render()


def test_another_sampler_is_told_by_the_first_difference():
    swept = Swept("tpe").run(20)
    text = changed(swept, sampler="random")
    number, key, was = re.search(r"trial (\d+) had (\w+)=(.*), the sampler now draws ", text).groups()
    assert json.dumps(swept.trials[int(number)].params[key]) == was
    assert int(number) >= 5  # the first five are at random
    assert "made with Optuna 4.9.1, this is 5." in text
    assert "sweep.name" in text
    assert "trial 0 had" in changed(swept, seed=9)


def test_another_space_is_told_too():
    swept = Swept("random").run(3)
    wider = replace(MIXED.parameters[-1], distribution=Float(0.0, 2.0))
    assert "had decay=" in changed(swept, space=Space((*MIXED.parameters[:-1], wider)))
    assert "the sampler now draws nothing" in changed(swept, space=Space(MIXED.parameters[:-1]))
    more = Parameter("momentum", Float(0.0, 1.0))
    assert "had momentum=nothing" in changed(swept, space=Space((*MIXED.parameters, more)))


def test_another_pruner_is_told_too():
    swept = Swept("random", "threshold").run(5)
    assert "is stopped in the journal, the pruner says it goes on" in changed(swept, pruner="none")


def test_a_journal_that_lacks_an_ask_is_refused():
    events = Swept("random").run(2).events
    with pytest.raises(HeadwayError, match="has a report of trial 0, which does not run then"):
        Swept("random").engine.replay(events[1:])


HASHED = """
import sys
sys.path.insert(0, sys.argv[1])
from engine_kit import FINITE, MIXED, Swept, SAMPLERS
from headway_optuna.samplers import TPE
for name in sys.argv[2:]:
    sampler = TPE(n_startup_trials=4, multivariate=True, group=True) if name == "group" else name
    space = FINITE if name in ("grid", "brute_force") else MIXED
    print("\\n".join(Swept(sampler, "hyperband", 4, space).run(25).lines))
"""


def test_another_process_draws_the_same():
    """Strings hash otherwise in each process: no order may depend on it."""
    names = [*CHEAP, "group", "grid", "brute_force"]
    outputs = set()
    for seed in ("1", "2"):
        command = [sys.executable, "-W", "ignore", "-c", HASHED, str(Path(__file__).parent), *names]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        outputs.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(outputs) == 1
