"""Inputs by name, redirected, from several; and what is drawn where they do not fit."""

import pytest

MEAN = "  - /model@teacher: linear\n  - /mean: mean\n"
PIPELINE = "pipeline=[data,features,teacher,model,mean,evaluation]"


@pytest.mark.parametrize(
    ("entry", "words"),
    [("  - /model@teacher: linear\n", []), ("", ["+model@teacher=linear"])],
    ids=["in a defaults list", "on the command line"],
)
def test_a_second_stage_of_a_kind_is_a_stage_like_any_other(study, entry, words):
    study.add("", entry=entry)
    words = [
        *words,
        "pipeline=[data,features,teacher,model,evaluation]",
        "teacher.C=0.5",
        "evaluation.inputs.model=teacher",
    ]
    teacher = study.stage("teacher", *words)
    assert (teacher.kind, teacher.use, teacher.stage.C) == ("model", "linear", 0.5)
    assert teacher.inputs == {"features": "features"}
    assert study.stage("evaluation", *words).inputs == {"model": "teacher"}


def test_a_stage_of_a_kind_of_ones_own_stands_where_the_pipeline_says(study):
    study.add("mean: {inputs: {members: [model, teacher]}}\nevaluation: {inputs: {model: mean}}\n", entry=MEAN)
    assert study.stage("mean", PIPELINE).inputs == {"members": {"model": "model", "teacher": "teacher"}}
    assert study.stage("evaluation", PIPELINE).inputs == {"model": "mean"}


def test_the_order_of_the_pipeline_does_not_decide_who_takes_from_whom(study):
    assert study.stage("model", "pipeline=[evaluation,model,features,data]").inputs == {"features": "features"}


def test_the_pipeline_is_drawn_with_the_wrong_input_marked(study):
    fault = study.fault("model.inputs.features=data")
    assert fault.note.splitlines() == [
        "  data        gives Dataset",
        "  features    gives Features   ← data",
        "✗ model       gives Predictor  ← features: data ✗ gives a Dataset, not a Features",
        "  evaluation  gives Report     ← model",
    ]
    assert "    ✗ model       gives" in fault.render()


def test_a_missing_input_is_drawn_as_a_question(study):
    drawn = study.fault("pipeline=[data,model,evaluation]").note.splitlines()
    assert drawn[1] == "✗ model       gives Predictor  ← features: ? ✗ no stage of that name"


def test_a_circle_is_drawn_with_the_inputs_that_close_it(study):
    study.add(
        "mean: {inputs: {members: [model, other]}}\nother: {inputs: {members: [mean]}}\n", entry="  - /mean: mean\n"
    )
    fault = study.fault("+mean@other=mean", "pipeline=[data,features,model,mean,other,evaluation]")
    assert "mean → other → mean" in fault.what
    assert fault.note.splitlines()[3:5] == [
        "✗ mean        gives Predictor  ← members: model, other ✗ waits in the circle",
        "✗ other       gives Predictor  ← members: mean ✗ waits in the circle",
    ]


def test_several_faults_share_one_drawing(study):
    study.add("model: {inputs: {features: data}}\nevaluation: {inputs: {modle: model}}\n")
    first, second = study.faults()
    assert first.note.count("✗") == 4
    assert second.note == ""


def test_wiring_is_not_told_while_a_stage_is_missing(study):
    study.replace("/features: columns", "/features: column")
    assert [fault.code for fault in study.faults()] == ["unknown-option"]


def test_baselines_need_a_stage_that_takes_one_of_their_kind(study):
    study.project.plugin(
        "lonely",
        "from collections.abc import Mapping\nfrom dataclasses import dataclass\n"
        "from headway import Context, Stage\nfrom headway.contracts import Dataset, Predictor, Report\n"
        "@dataclass(frozen=True)\nclass Lonely(Stage):\n"
        "    def run(self, context: Context, data: Dataset, baselines: Mapping[str, Predictor] = {}) -> Report: ...\n"
        "def headway_register(registry):\n    registry.add('evaluation', 'lonely', Lonely)\n",
    )
    from headway.plugins import load

    plugins = load(study.project.folder, [info.name for info in load().infos])
    lonely = type(study)(study.project, plugins)
    assert lonely.check("evaluation=lonely").baselines == {}
    assert "no Predictor that they could stand beside" in lonely.fault("evaluation=lonely", "baselines=[linear]").what
