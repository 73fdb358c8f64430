"""Errors become messages and exit codes."""

import pytest
from headway.cli import main


def denied(*_):
    raise PermissionError(13, "Permission denied", "/somewhere/rows.csv")


def test_a_file_that_is_denied_is_named(monkeypatch, capsys):
    monkeypatch.setattr(main, "_run_command", denied)
    assert main.main(["plan"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error[no-permission]: /somewhere/rows.csv: permission denied")
    assert "Traceback" not in said


def test_a_traceback_is_shown_if_asked_for(monkeypatch):
    monkeypatch.setattr(main, "_run_command", denied)
    monkeypatch.setenv("HEADWAY_TRACEBACK", "1")
    with pytest.raises(PermissionError):
        main.main(["plan"])


@pytest.mark.parametrize("words", [["completion", "bash", "a"], ["completion", "bash", "a", "b"]])
def test_words_that_a_command_does_not_take_are_told(words, capsys):
    assert main.main(words) == 2
    said = capsys.readouterr().err
    assert f"headway completion takes no more words: {' '.join(words[2:])}" in said
    assert "headway completion --help" in said


def test_an_option_that_there_is_not_is_told_without_its_value(capsys):
    assert main.main(["completion", "bash", "--shell", "zsh"]) == 2
    said = capsys.readouterr().err
    assert "there is no option --shell" in said
    assert "zsh" not in said
