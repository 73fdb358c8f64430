"""How many trials are on their way, and where they work."""

import itertools
import math
from types import SimpleNamespace

import pytest
from headway_optuna.controller import Controller
from headway_optuna.objective import Metric
from headway_optuna.search import Outcome
from headway_optuna.study import Kept
from sample_studies import study

TRIALS = 9


class Slots:
    """A launcher whose trials end one after another, the oldest first."""

    def __init__(self, slots):
        self.slots, self.running, self.waiting = slots, [], []
        self.ready = []

    def fill(self):
        while self.waiting and len(self.running) < self.slots:
            self.running.append(self.waiting.pop(0))
            self.running[-1].listener.stage_started("model", ())

    @property
    def is_hungry(self):
        self.fill()
        return len(self.running) < self.slots

    def launch(self, experiments, listener, group, label, to):
        self.waiting.append(SimpleNamespace(listener=listener, runs=(label,), results=[], has_ended=False))
        return self.waiting[-1]

    def wait(self, seconds):
        self.fill()
        if not seconds:
            return []
        self.ready.append(bool(self.waiting))
        ended = self.running.pop(0)
        ended.has_ended = True
        ended.results = [SimpleNamespace(stages=())]
        self.fill()  # before anybody hears of the end
        return [ended]


class Counting:
    """An engine that only counts, and writes down what it is asked and told."""

    running = ()

    def __init__(self, record):
        self.record, self.numbers = record, itertools.count()

    def ask(self):
        number = next(self.numbers)
        self.record({"event": "ask", "trial": number, "params": {}, "words": []})
        return SimpleNamespace(number=number, params={}, is_pruned=False)

    def tell(self, number, state, values, violations, reason):
        told = {"state": state, "values": list(values), "reason": reason, "violations": list(violations)}
        self.record({"event": "tell", "trial": number, **told})
        return state


class Watching:
    """Hears everything."""

    def __getattr__(self, name):
        return lambda *_: None


class Written(list):
    """The folder of a study, in memory; `safe` is how many events a power cut leaves, after each."""

    def __init__(self):
        super().__init__()
        self.safe = []

    def append(self, event, *, durable=False):
        super().append(event)
        self.safe.append(len(self) if durable else self.safe[-1])

    def events(self):
        return list(self)

    def stop_asked(self):
        return False


def swept(workers, folds=None):
    """A sweep of some trials: its events, and whether a trial was ready each time that one ended."""
    events = Written()
    kept = Kept(events, study(0))
    search = SimpleNamespace(
        sweep=SimpleNamespace(trials=TRIALS, workers=workers, folds=folds, max_failures=0), timeout=math.inf, name="s",
        objectives=[SimpleNamespace(metric=Metric("validation.loss", "model", "validation.loss"))], stages=["model"],
        words_of=lambda params: (), folds=lambda: [()], outcome=lambda params, recorded: Outcome((1.0,)),
    )  # fmt: skip
    slots = Slots(workers)
    assert Controller(search, Counting(kept.record), kept, slots, lambda words: None, Watching()).run() == "done"
    return events, slots.ready


def on_their_way(events):
    """How many trials are asked for and not told, after each event."""
    return list(itertools.accumulate({"ask": 1, "tell": -1}.get(event["event"], 0) for event in events))


def test_one_worker_is_asked_for_a_trial_when_all_before_are_told():
    events, ready = swept(1)
    assert max(on_their_way(events)) == 1
    assert not any(ready)


@pytest.mark.parametrize("workers", [2, 3])
def test_a_trial_is_ready_for_whichever_of_several_workers_is_free_first(workers):
    events, ready = swept(workers)
    assert max(on_their_way(events)) == workers + 1
    assert ready == [True] * (TRIALS - workers) + [False] * workers  # and none is one too many
    assert {event["worker"] for event in events if event["event"] == "begin"} == set(range(workers))


def test_a_trial_of_folds_is_asked_for_when_a_worker_has_none_to_do():
    events, ready = swept(2, folds=5)
    assert max(on_their_way(events)) == 2
    assert not any(ready)


def test_a_trial_and_all_outcomes_before_it_outlast_a_power_cut_once_it_begins():
    events, _ = swept(1)
    begins = [index for index, event in enumerate(events) if event["event"] == "begin"]
    assert len(begins) == TRIALS
    assert all(events.safe[index] == index for index in begins)
