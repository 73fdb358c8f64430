"""The order of stages, on plans of any shape."""

from dataclasses import dataclass, field
from types import SimpleNamespace

from headway.schedule import Schedule
from hypothesis import given
from hypothesis import strategies as st


@dataclass
class Node:
    key: str
    upstream: tuple = ()
    effect: bool = False
    forced: bool = False
    before: object = None
    cached: bool = False
    labels: dict = field(default_factory=lambda: {0: ("",)})

    @property
    def label(self):
        return self.key

    @property
    def entry(self):
        return self.before if self.cached else None


def schedule(*nodes, **options):
    return Schedule(SimpleNamespace(nodes=nodes), **options)


def run(made, slots=1, failing=()):
    """Executes a schedule and gives the stages in the order they began, and those skipped."""
    begun, order, skipped = [], [], []
    while True:
        for node in made.cached():
            made.done(node, node.before.digest)
        while len(begun) < slots and (node := made.start()):
            assert all(key in made.digests for key in node.upstream)
            begun.append(node)
            order.append(node.key)
        if not begun:
            return order, skipped
        node = begun.pop(0)
        if node.key in failing:
            skipped += made.failed(node)
        else:
            made.done(node, f"digest of {node.key}")


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    nodes = []
    for number in range(count):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        nodes.append(Node(str(number), tuple(map(str, sorted(needs)))))
    return nodes


@given(graphs(), st.integers(1, 4))
def test_every_stage_runs_once_after_what_it_needs(nodes, slots):
    order, skipped = run(schedule(*nodes), slots)
    assert sorted(order) == sorted(node.key for node in nodes)
    assert skipped == []


@given(graphs(), st.integers(1, 4), st.data())
def test_keeping_going_runs_all_but_what_needs_a_failure(nodes, slots, data):
    failing = data.draw(st.sets(st.sampled_from([node.key for node in nodes]), max_size=3))
    order, skipped = run(schedule(*nodes, keep_going=True), slots, failing)
    lost = set()
    for node in nodes:
        if not lost.isdisjoint(node.upstream) or not failing.isdisjoint(node.upstream):
            lost.add(node.key)
    assert set(order) == {node.key for node in nodes} - lost
    assert {node.key for node, _ in skipped} == lost


@given(graphs(), st.integers(1, 4), st.data())
def test_a_failure_begins_nothing_more_and_tells_every_stage_left(nodes, slots, data):
    failing = data.draw(st.sampled_from([node.key for node in nodes]))
    order, skipped = run(schedule(*nodes), slots, {failing})
    assert sorted([*order, *(node.key for node, _ in skipped)]) == sorted(node.key for node in nodes)
    assert all(reason for _, reason in skipped)


def test_who_failed_is_named():
    nodes = [Node("data"), Node("model", ("data",)), Node("report", ("model",)), Node("other", ("data",))]
    _, skipped = run(schedule(*nodes), failing={"model"})
    assert [(node.key, reason) for node, reason in skipped] == [
        ("report", "needs model"), ("other", "stopped when model failed")
    ]  # fmt: skip


def test_independent_stages_begin_together():
    made = schedule(Node("data"), Node("a", ("data",)), Node("b", ("data",)), Node("c", ("a", "b")))
    data = made.start()
    assert made.start() is None
    made.done(data, "x")
    assert [made.start().key, made.start().key] == ["a", "b"]
    assert made.start() is None


def entry(digest):
    return SimpleNamespace(digest=digest)


def test_a_cached_stage_takes_no_slot():
    made = schedule(Node("data", before=entry("d"), cached=True), Node("model", ("data",)))
    assert run(made)[0] == ["model"]


def test_a_forced_stage_with_the_same_result_leaves_what_follows_cached():
    before = entry("digest of model")
    nodes = [Node("model", forced=True, before=before), Node("report", ("model",), before=entry("r"), cached=True)]
    assert run(schedule(*nodes))[0] == ["model"]


def test_a_forced_stage_with_another_result_reruns_all_that_follows():
    after = [
        Node("report", ("model",), before=entry("r"), cached=True),
        Node("package", ("report",), before=entry("p"), cached=True),
    ]
    made = schedule(Node("model", forced=True, before=entry("older")), *after)
    assert run(made)[0] == ["model", "report", "package"]


def test_must_run_says_when_a_known_key_is_no_reason_to_stop():
    nodes = [Node("a"), Node("b", forced=True), Node("c", effect=True), Node("d", before=entry("d"), cached=True)]
    assert [schedule(*nodes).must_run(node) for node in nodes] == [False, True, True, False]


def test_an_effect_waits_for_all_of_its_experiment_and_no_other():
    one, two = {0: ("",)}, {1: ("",)}
    made = schedule(
        Node("model", labels=one), Node("report", labels=one), Node("slow", labels=two),
        Node("push", ("model",), effect=True, labels=one),
    )  # fmt: skip
    model, report, slow = made.start(), made.start(), made.start()
    made.done(model, "m")
    assert made.start() is None
    made.done(report, "r")
    assert made.start().key == "push"
    assert slow.key == "slow"


def test_an_effect_does_not_happen_when_something_of_its_experiment_failed():
    made = schedule(Node("model"), Node("report"), Node("push", ("model",), effect=True), keep_going=True)
    order, skipped = run(made, failing={"report"})
    assert order == ["model", "report"]
    assert [node.key for node, _ in skipped] == ["push"]
