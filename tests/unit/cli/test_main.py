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
