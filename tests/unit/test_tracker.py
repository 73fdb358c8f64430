from headway.testing.trackers import make_run


def test_a_run_is_titled_by_its_experiment_and_what_distinguishes_it(tmp_path):
    alone, again = make_run(tmp_path), make_run(tmp_path, id="b", attempt_of="a")
    assert (alone.title, again.title) == (f"demo {alone.id}", "demo a")
    assert make_run(tmp_path, group="g", label="model=mlp seed=2").title == "demo model=mlp seed=2"
    assert make_run(tmp_path, group="rates", label="rates/12").title == "rates/12"
