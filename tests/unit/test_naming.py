import pytest
from headway.naming import nearest, trial_of, unknown


def test_the_nearest_name_is_offered():
    assert nearest("mpl", ["mlp", "linear"]) == "mlp"
    assert nearest("zzz", ["mlp", "linear"]) is None


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("income", ["INCOME", "Age"], "INCOME"),
        ("default", ["default.payment.next.month", "PAY_0"], "default.payment.next.month"),
        ("tax", ["tax_of_the_state", "tax_of_the_city"], None),
        ("mean", ["target_mean", "meaning_of_it_all"], "target_mean"),
        ("", ["_", "mlp"], None),
    ],
)
def test_case_does_not_hide_a_name_nor_do_further_words(name, known, meant):
    assert nearest(name, known) == meant


def test_an_unknown_name_lists_what_there_is():
    assert unknown("model", "mpl", ["mlp", "linear"]) == (
        "unknown model 'mpl'; did you mean 'mlp'? there are: linear, mlp"
    )
    assert unknown("model", "x", []) == "unknown model 'x'; there are: none"


def test_a_trial_is_called_by_its_study_and_number_and_nothing_else_is_one():
    assert trial_of("rates", "rates/12") == "rates/12"
    for group, label in ((None, ""), (None, "None/1"), ("rates", "seed=1"), ("rate", "rates/12"), ("20261123-17", "")):
        assert trial_of(group, label) == ""
