"""Parts of a plan."""

import pytest
from headway.errors import UsageError


def verdicts(toy, *words, **selection):
    return {node.label: node.verdict for node in toy.plan(*words, **selection).nodes}


def test_up_to_a_stage_leaves_out_what_it_does_not_need(toy):
    assert list(verdicts(toy, to=("model",))) == ["lines", "model"]
    toy.run(to=("model",))
    assert verdicts(toy) == {"lines": "cached", "model": "cached", "summary": "run"}


def test_a_name_means_all_variants_and_a_label_one(toy):
    baselines = "baselines=[{count: {power: 2}}]"
    assert list(verdicts(toy, baselines, to=("model",))) == ["lines", "model", "model[count]"]
    assert list(verdicts(toy, baselines, to=("model[count]",))) == ["lines", "model[count]"]


def test_from_a_stage_on_needs_what_comes_before(toy):
    with pytest.raises(UsageError, match="'lines' comes before model, but is not in the store: not run before"):
        toy.plan(start=("model",))
    toy.run()
    assert verdicts(toy, "model.power=2", start=("model",)) == {"lines": "cached", "model": "run", "summary": "run"}
    with pytest.raises(UsageError, match=r"model\.power 1 → 2"):
        toy.plan("model.power=2", start=("summary",))


def test_from_a_stage_on_leaves_out_what_does_not_need_it(toy):
    toy.edit("configs/experiment/toy.yaml", "[lines, model, summary]", "[lines, model, aside, summary]")
    toy.edit("configs/experiment/toy.yaml", "  - /summary: sum", "  - /summary: sum\n  - /model@aside: count")
    words = ("aside.power=5",)
    toy.run(*words)
    assert set(verdicts(toy, *words)) == {"lines", "model", "aside", "summary"}
    assert set(verdicts(toy, *words, start=("model",))) == {"lines", "model", "summary"}


def test_equal_stages_of_one_pipeline_are_one_that_answers_to_both_names(toy):
    toy.edit("configs/experiment/toy.yaml", "[lines, model, summary]", "[lines, model, aside, summary]")
    toy.edit("configs/experiment/toy.yaml", "  - /summary: sum", "  - /summary: sum\n  - /model@aside: count")
    assert [node.labels for node in toy.plan(to=("aside",)).nodes] == [{0: ("lines",)}, {0: ("model", "aside")}]


def test_a_forced_stage_runs_and_says_so_and_what_follows_stays_cached(toy):
    toy.run()
    assert verdicts(toy, force=("model",)) == {"lines": "cached", "model": "run", "summary": "cached"}
    node = next(node for node in toy.plan(force=("model",)).nodes if node.label == "model")
    assert [str(reason) for reason in node.reasons] == ["forced (command line)"]


def test_forcing_what_would_run_anyway_keeps_the_real_reason(toy):
    node = next(node for node in toy.plan(force=("model",)).nodes if node.label == "model")
    assert [str(reason) for reason in node.reasons] == ["not run before"]


@pytest.mark.parametrize("part", ["to", "start", "force"])
def test_an_unknown_stage_gets_the_nearest_name(toy, part):
    with pytest.raises(UsageError, match="unknown stage 'modle'; did you mean 'model'"):
        toy.plan(**{part: ("modle",)})
