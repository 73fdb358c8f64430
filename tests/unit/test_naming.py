from headway.naming import nearest, unknown


def test_the_nearest_name_is_offered():
    assert nearest("mpl", ["mlp", "linear"]) == "mlp"
    assert nearest("zzz", ["mlp", "linear"]) is None


def test_an_unknown_name_lists_what_there_is():
    assert unknown("model", "mpl", ["mlp", "linear"]) == (
        "unknown model 'mpl'; did you mean 'mlp'? there are: linear, mlp"
    )
    assert unknown("model", "x", []) == "unknown model 'x'; there are: none"
