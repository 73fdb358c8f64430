import pytest
from headway.cli.tables import csv_lines, metrics_table, room, table, text_of


def test_numbers_are_flush_right_and_text_left():
    assert table(["name", "n"], [["a", "1"], ["long name", "12"]]) == [
        "name        n",
        "a           1",
        "long name  12",
    ]


def test_baselines_stand_beside_the_model():
    lines = metrics_table({"test.auroc": 0.9132, "test.brier": 0.1, "baselines.linear.test.auroc": 0.91})
    assert lines[0].split() == ["model", "linear"]
    assert lines[1].split() == ["test.auroc", "0.9132", "0.9100"]
    assert lines[2].split() == ["test.brier", "0.1000"]


HEADER = ["run", "name", "seconds", "evaluation.test.auroc", "overrides"]
ROWS = [["20261123-175501-4f2a7c", "adult", "12.5", "0.9132", "experiment=adult model=mlp " + "x=1 " * 40]] * 2


@pytest.mark.parametrize("width", [100, 80, 60, 40])
def test_a_table_fits_the_terminal_and_never_cuts_the_run_or_a_figure(width):
    lines = table(HEADER, ROWS, width)
    assert all(len(line) <= width for line in lines)
    assert "20261123-175501-4f2a7c" in lines[1]
    if width >= 60:
        assert "0.9132" in lines[1]
        assert lines[0].split()[3].endswith("auroc")


def test_what_is_cut_says_so_and_what_fits_is_whole():
    assert table(HEADER, ROWS, 100)[1].endswith("…")
    assert table(HEADER, ROWS, 1000) == table(HEADER, ROWS)
    assert "…" not in "".join(table(HEADER, ROWS))


def test_columns_without_room_are_dropped_from_the_right():
    assert table(["run", "a", "b"], [["x" * 20, "y" * 30, "z" * 30]], 32) == [
        "run                   a",
        "xxxxxxxxxxxxxxxxxxxx  yyyyyyyyy…",
    ]


def test_piped_output_has_no_width(capsys):
    assert room() is None


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), ("a", "a"), (0.91321234, "0.913212"), ([1], "[1]"), (True, "true")]
)
def test_cells(value, text):
    assert text_of(value) == text


def test_comma_separated_values_are_exact_and_quoted():
    lines = csv_lines(["a", "b"], [[0.1234567890123, 'x, "y"'], [None, [1, 2]]])
    assert lines == ["a,b", '0.1234567890123,"x, ""y"""', ',"[1, 2]"']
