"""What a sweep searches, as the command line and the config say it: conditions, experiments, objectives, faults."""

import pytest
from sweep_toy import EXPERIMENT, Here

HILL = "sweep.when={model.x: \"model == 'hill'\", model.height: \"model == 'flat'\"}"


@pytest.fixture
def toy(tmp_path):
    return Here(tmp_path)


def refused(toy, *words):
    done = toy.sweep(*words)
    assert done.returncode == 2, done.err
    assert not (toy.folder / ".headway/studies").exists(), "nothing begins"
    return done.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "there is nothing to search"),
        (("model.x=intervall(0,1)",), "did you mean 'interval'"),
        (("model.xx=interval(0,1)",), "did you mean 'x'"),
        (("model.x=1,2", "sweep.optimize={validation.losss: minimize}"), "did you mean validation.loss?"),
        (("model.x=1,2", "sweep.optimize={validation.loss: minimise}"), "should be 'maximize' or 'minimize'"),
        (("model.x=1,2", "sweep.optimize={modle.validation.loss: minimize}"), "did you mean model.validation.loss?"),
        (("model.x=1,2", "sweep.sampler=tpee"), "did you mean 'tpe'"),
        (("model.x=1,2", "sweep.sampler={tpe: {n_startup: 3}}"), "did you mean 'n_startup_trials'"),
        (("model.x=interval(0,1)", "sweep.sampler=grid"), "model.x=range(0, 1, 0.25)"),
        (("model.x=1,2", "sweep.pruner=medain"), "did you mean 'median'"),
        (("model.x=1,2", "sweep.worker=2"), "did you mean 'workers'"),
        (("model.x=1,2", "sweep.name=a/b"), "no name of a study"),
        (("model.x=1,2", "sweep.constraints=['modl.x < 1']"), "did you mean 'model.x'"),
        (("model.x=1,2", "sweep.enqueue=[{model.x: 3}]"), "model.x: 3 is none of 1, 2"),
        (("model.x=tag(log,range(1,10))",), "equal steps, which a log scale has not"),
        (("~model.x=1,2",), "takes a key away"),
        (
            ("pipeline=[data,features,model],[data,features]",),
            "'validation.loss' is recorded by the stage 'model', which is not in the pipeline",
        ),
        (("sweep.trials=1,2", "model.x=1,2"), "cannot be searched itself"),
    ],
    ids=range(18),
)
def test_slips_are_told_with_the_place_and_the_mending(toy, words, says):
    told = refused(toy, *words)
    assert says in " ".join(told.split())
    assert "command line" in told or "toy.yaml" in told or "no name of a study" in told


@pytest.mark.parametrize("metric", ["test.loss", "model.test.loss", "evaluation.test.loss", "modl.test.loss"])
def test_an_objective_on_test_rows_is_refused_with_the_reason(toy, metric):
    told = refused(toy, "model.x=1,2", f"sweep.optimize={{{metric}: minimize}}")
    assert "measured on the test rows" in told
    assert metric.replace("test.", "validation.") in told
    told = refused(toy, "model.x=1,2", f"sweep.constraints=['{metric} < 3']")
    assert "test" in told
    assert "validation" in told


def test_parameters_of_an_option_are_searched_only_with_it(toy):
    done = toy.sweep("model=hill,flat", HILL, "model.x=interval(0,1)", "model.height=interval(0,1)", "sweep.trials=6")
    assert done.returncode == 0, done.err
    found = {frozenset(trial.params) for trial in toy.trials}
    assert found == {frozenset({"model", "model.x"}), frozenset({"model", "model.height"})}
    missing = refused(Here(toy.folder / "other"), "model=hill,flat", "model.x=interval(0,1)")
    assert "sweep.when: {model.x: \"model == 'hill'\"}" in missing


def test_options_that_cannot_be_composed_are_told_where_they_were_typed(toy):
    told = refused(toy, "model=glob(*)")
    assert "model = cnn does not do" in told
    assert "model = hist_gradient_boosting does not do" in told
    assert "model=cnn" not in told
    told = refused(toy, "model=glob([c*,ft*])")
    assert "model=cnn does not do" in told
    assert "| model=glob([c*,ft*])" in told
    done = toy.sweep("--dry-run", "model=glob([hill,flat])")
    assert "choice of 2: flat, hill" in done.out


def test_experiments_are_searched_and_what_is_passed_over_is_told(toy):
    other = EXPERIMENT.replace("name: toy", "name: other\nmodel: {x: 1}").replace("trials: 8", "trials: 9")
    (toy.folder / "configs/experiment/other.yaml").write_text(other)
    done = toy.headway("sweep", "experiment=toy,other", "model.y=2,3", "sweep.sampler=grid", "runner.isolate=false")
    assert done.returncode == 0, done.err
    assert "the node sweep of experiment=other differs, and does not count" in done.err
    assert {trial.values for trial in toy.trials} == {(2.1,), (1.1,), (0.1,)}


def test_an_exhausted_space_is_a_finished_study(toy):
    words = ("model.y=1,2", "model.x=range(0,2)", "sweep.sampler=brute_force")
    done = toy.sweep(*words)
    assert done.returncode == 0, done.err
    assert "every point of the space was tried" in done.out
    assert len({tuple(trial.params.values()) for trial in toy.trials}) == len(toy.trials) == 4
    assert "toy finished 4/4" in " ".join(toy.headway("sweep", "list").out.split())
    events = toy.events
    assert toy.sweep(*words).returncode == 0
    assert toy.events == events


def test_several_objectives_end_with_a_front_and_run_none_in_full(toy):
    optimize = "sweep.optimize={validation.loss: minimize, validation.cost: minimize}"
    done = toy.sweep("sweep.space=default", optimize, "sweep.sampler=nsga2", "sweep.trials=12")
    assert done.returncode == 0, done.err
    assert "Pareto front" in done.out
    assert "evaluation" not in toy.computed
    assert all(len(trial.values) == 2 and trial.state == "complete" for trial in toy.trials)
    best = toy.headway("sweep", "best", "toy")
    assert best.returncode == 2
    assert "several objectives" in best.err
    told = toy.sweep("sweep.space=default", optimize, "sweep.pruner=median", "sweep.name=pruned")
    assert told.returncode == 2
    assert "sweep.pruner=none" in told.err


def test_constraints_on_parameters_cost_no_trial_and_those_on_metrics_keep_one_from_being_best(toy):
    done = toy.sweep("sweep.space=default", "sweep.constraints=['model.x <= 1', 'validation.cost <= 4']")
    assert done.returncode == 0, done.err
    trials = toy.trials
    assert all(trial.params["model.x"] <= 1 for trial in trials if trial.state != "infeasible")
    assert all(trial.params["model.x"] > 1 and not trial.runs for trial in trials if trial.state == "infeasible")
    assert len([trial for trial in trials if trial.state in ("complete", "pruned")]) == 8
    (final,) = [event for event in toy.events if event["event"] == "final"]
    assert trials[final["trial"]].params["model.y"] <= 4
    assert "violate constraints" in done.out


def test_points_that_are_enqueued_come_first_and_what_they_leave_out_is_drawn(toy):
    points = "sweep.enqueue=[{model.x: 1, model.y: 3}, {model.x: -2}]"
    assert toy.sweep("sweep.space=default", points, "sweep.trials=3", "sweep.pruner=none").returncode == 0
    assert toy.trials[0].params == {"model.x": 1.0, "model.y": 3}
    assert toy.trials[0].values == (0.1,)
    assert toy.trials[1].params["model.x"] == -2.0
    assert 0 <= toy.trials[1].params["model.y"] <= 8


def test_lists_mappings_and_null_arrive_as_what_they_are(toy):
    words = ("model.layers=choice([1],[1,2])", "model.break_at=choice(null,5.5)", "sweep.sampler=grid")
    assert toy.sweep(*words).returncode == 0
    seen = {(tuple(trial.params["model.layers"]), trial.params["model.break_at"]) for trial in toy.trials}
    assert seen == {((1,), None), ((1, 2), None), ((1,), 5.5), ((1, 2), 5.5)}


def test_a_space_of_the_config_is_read_nested_or_dotted_and_faults_have_a_line(toy):
    path = toy.folder / "configs/experiment/toy.yaml"
    path.write_text(
        path.read_text() + "  space:\n    model:\n      x: interval(0, 2)\n    model.y: int(interval(0, 9)\n"
    )
    told = refused(toy)
    assert "configs/experiment/toy.yaml:17:" in told
    path.write_text(path.read_text().replace("interval(0, 9)", "interval(0, 9))"))
    done = toy.sweep("--dry-run")
    assert "configs/experiment/toy.yaml:16:10" in done.out
    assert "int 0 … 9" in done.out
