import pytest
from headway import DataError
from headway.contracts import check_grammar, parse_expression


def test_odd_names_stand_in_backticks():
    expression = parse_expression("`hours per week` / `é` + é", "x", {"hours per week", "é"})
    assert expression.columns == {"hours per week", "é"}


def test_grammar_alone_takes_any_column():
    check_grammar("anything - `at all` >= 3")
    with pytest.raises(DataError):
        check_grammar("f(x)")


@pytest.mark.parametrize(
    ("text", "part", "column"),
    [
        ("agee + 1", "did you mean 'age'?", 1),
        ("1 + sex", "'sex', which holds no numbers", 5),
        ("age + 'x'", "'x', which is no number", 7),
        ("age + True", "True, which is no number", 7),
        ("__import__('os')", "Call", 1),
        ("age.real", "Attribute", 1),
        ("age[0]", "Subscript", 1),
        ("age ** 2", "BinOp", 1),
        ("(lambda: 1)()", "Call", 1),
        ("age if 1 else 2", "IfExp", 1),
        ("age in age", "Compare", 1),
        ("age +", "is no expression", 5),
        ("", "is no expression", 1),
    ],
)
def test_what_is_not_in_the_language_is_refused_at_its_place(text, part, column):
    with pytest.raises(DataError) as caught:
        parse_expression(text, "x", {"age"}, {"sex"})
    assert part in caught.value.what
    assert caught.value.where.column == column


def test_a_name_of_several_words_is_answered_with_backticks():
    with pytest.raises(DataError) as caught:
        parse_expression("my column * 2", "derive.x")
    assert "`backticks`" in caught.value.hint
    assert parse_expression("`my column` * 2", "derive.x").columns == {"my column"}
