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


def test_a_note_stands_between_the_place_and_the_help():
    where = Place("a.yaml", 1, 1, "x: 1")
    lines = HeadwayError("no", where=where, hint="yes", note="one\n two").render().splitlines()
    assert lines[-3:] == ["    one", "     two", "  help: yes"]


def test_an_error_for_programs():
    error = HeadwayError("no", where=Place("a.yaml", 3, 5, "x: 1", 2), hint="yes", code="bad")
    found = error.to_dict()
    assert (found["code"], found["what"], found["hint"], found["note"]) == ("bad", "no", "yes", None)
    assert (found["source"], found["line"], found["column"], found["text"], found["width"]) == (
        "a.yaml",
        3,
        5,
        "x: 1",
        2,
    )
    assert HeadwayError("no").to_dict()["source"] is None
    assert ConfigError([error]).to_dict() == {"faults": [error.to_dict()]}
