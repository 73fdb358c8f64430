from headway.errors import ConfigError, HeadwayError, Place, UsageError


def test_an_error_says_what_where_and_how_to_mend():
    place = Place("configs/a.yaml", 3, 5, "    width: ten", 5)
    error = HeadwayError("width must be int", where=place, hint="write a number", code="wrong-type")
    assert error.render().splitlines() == [
        "error[wrong-type]: width must be int",
        "  --> configs/a.yaml:3:5",
        "   3 |     width: ten",
        "     |     ^^^^^",
        "  help: write a number",
    ]


def test_a_place_without_lines_shows_the_text_alone():
    rendered = HeadwayError("no", where=Place("command line", None, 1, "model=mpl", 9)).render()
    assert "  --> command line:1" in rendered
    assert "    | model=mpl" in rendered


def test_a_config_error_shows_every_fault_and_their_count():
    error = ConfigError([HeadwayError("first"), HeadwayError("second")])
    assert "first" in error.render()
    assert "second" in error.render()
    assert error.render().endswith("2 faults in the config")
    assert ConfigError([HeadwayError("only")]).what == "1 fault in the config"


def test_wrong_usage_and_wrong_configs_exit_with_two():
    assert (HeadwayError("x").exit_code, UsageError("x").exit_code, ConfigError([]).exit_code) == (1, 2, 2)
