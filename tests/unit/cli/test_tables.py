from headway.cli.tables import metrics_table, table


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
