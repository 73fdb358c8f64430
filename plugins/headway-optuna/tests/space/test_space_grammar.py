"""What each form of the sweep grammar means, and every form that would be misread, refused at its column."""

import pytest
from headway_optuna.space.distributions import Choice, Float, Int


def choice(*options):
    return Choice.of(options)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("interval(1e-4, 1)", Float(1e-4, 1.0)),
        ("interval(1, 8)", Float(1.0, 8.0)),
        ("interval(start=-1, end=.5)", Float(-1.0, 0.5)),
        ("tag(log, interval(1e-4, 1e-2))", Float(1e-4, 1e-2, log=True)),
        ("tag(interval(0, 1))", Float(0.0, 1.0)),
        ("tag('log', sweep=interval(1, 2.5))", Float(1.0, 2.5, log=True)),
        ("int(interval(1, 8))", Int(1, 8)),
        ("int(interval(1.0, 1e3))", Int(1, 1000)),
        ("tag(log, int(interval(1, 100)))", Int(1, 100, log=True)),
        ("int(tag(log, interval(1, 100)))", Int(1, 100, log=True)),
        ("float(int(interval(1, 8)))", Float(1.0, 8.0)),
        ("a,b , c", choice("a", "b", "c")),
        ("choice(a)", choice("a")),
        ("1, '2', 2.5, null, false", choice(1, "2", 2.5, None, False)),
        ("choice([128,128],[256,256])", choice([128, 128], [256, 256])),
        ("[1],[1,'2']", choice([1], [1, "2"])),
        ("choice({a: 1, b: {c: [null]}}, null, {})", choice({"a": 1, "b": {"c": [None]}}, None, {})),
        ("choice('a, b', \"it's\", 'x=1', '${y}')", choice("a, b", "it's", "x=1", "${y}")),
        ("'true', 'null', '1e3'", choice("true", "null", "1e3")),
        ("1e3, 1_000_000", choice(1000.0, 1_000_000)),
        ("str(1, 2, true)", choice("1", "2", "true")),
        ("int(choice(1.0, '2'))", choice(1, 2)),
        ("choice(int(1.0, 2))", choice(1, 2)),
        ("choice(float(1), [int('2')])", choice(1.0, [2])),
        ("bool(yes_or_no, 1)", None),
    ],
)
def test_forms_of_the_grammar(search, text, wanted):
    if wanted is None:
        assert "cannot be made true or false" in search.fault("", f"model.x={text}").what
    else:
        found = search.distribution(text)
        assert repr(found) == repr(wanted)  # 1, 1.0 and True are equal, but not the same


def test_what_a_sampler_sees_of_options(search):
    found = search.distribution("choice([128, 128], {b: 1, a: 2}, null, 'x', 1.5)")
    assert found.labels == ("[128, 128]", '{"a": 2, "b": 1}', None, "x", 1.5)
    assert [found.option(label) for label in found.labels] == list(found.options)


def test_an_interval_with_integer_bounds_is_said_to_be_of_floats(search):
    (parameter,) = search.read("", "model.x=interval(1, 8)").parameters
    assert parameter.notes == ("floats, though the bounds are integers; int(interval(1, 8)) searches integers",)
    for text in ("interval(1.0, 8)", "int(interval(1, 8))", "float(interval(1, 8))"):
        assert search.read("", f"model.x={text}").parameters[0].notes == ()


@pytest.mark.parametrize(
    ("text", "part", "what", "hint"),
    [
        ("interval(8, 1)", "interval(8, 1)", "nothing between 8 and 1", "write interval(1, 8)"),
        ("interval(1, 1.0)", "interval(1, 1.0)", "nothing between 1 and 1", "write the value itself"),
        ("interval(0, nan)", "nan", "no finite number", None),
        ("interval(-inf, 0)", "-inf", "no finite number", None),
        ("interval(0, 1e999)", "1e999", "no finite number", None),
        ("choice(1, inf)", "inf", "no finite number", None),
        ("interval(0, 9007199254740993)", "9007199254740993", "beyond 2**53", "choice()"),
        ("int(interval(0, 1e17))", "1e17", "beyond 2**53", None),
        ("range(-9007199254740993, 0)", "-9007199254740993", "beyond 2**53", "choice()"),
        ("interval('1', 2)", "'1'", "text in quotes", None),
        ("interval(a, 2)", "a", "must be a number", None),
        ("interval(true, 2)", "true", "must be a number", None),
        ("interval(1)", "interval(1)", "cannot be given 1 argument", "interval(start, end)"),
        ("interval(1, 2, 3)", "interval(1, 2, 3)", "cannot be given 3 arguments", "interval(start, end)"),
        ("interval(low=1, high=2)", "interval(low=1, high=2)", "no argument low", "interval(start, end)"),
        ("interval(1, 2, start=3)", "interval(1, 2, start=3)", "cannot be given", "interval(start, end)"),
        ("int(interval(1.5, 8))", "1.5", "would cut 1.5 to 1", "leave int() out"),
        ("int(1, 2.5)", "2.5", "would cut 2.5 to 2", "leave int() out"),
        ("int(a, b)", "a", "cannot be made an integer", None),
        ("int(null, 1)", "null", "cannot be made an integer", None),
        ("str(interval(0, 1))", "str(interval(0, 1))", "means nothing", "leave it out"),
        ("bool(range(2))", "bool(range(2))", "means nothing", "leave it out"),
        ("tag(log, interval(0, 1))", "0", "log scale has no 0", "above 0"),
        ("tag(log, interval(-1.5, 1))", "-1.5", "log scale has no -1.5", "above 0"),
        ("tag(log, int(interval(0, 9)))", "0", "log scale has no 0", "begin at 1"),
        ("tag(log, range(1, 10))", "tag(log, range(1, 10))", "equal steps", "tag(log, int(interval(1, 10)))"),
        ("tag(log, range(1, 0.1, -0.1))", None, "equal steps", "tag(log, interval(0.1, 1))"),
        ("tag(log, choice(1, 2))", None, "no scale", "leave tag() out"),
        ("tag(lgo, interval(1, 2))", "lgo", "unknown tag 'lgo'; did you mean 'log'", "tag(log,"),
        ("tag(log, fast, interval(1, 2))", "fast", "unknown tag 'fast'", "tag(log,"),
        ("tag(log)", "log", "takes a sweep", "tag(log, interval("),
        ("tag(log, 3)", "3", "takes a sweep", "tag(log, interval("),
        ("tag()", "tag()", "takes tags and a sweep", "tag(log, interval("),
        ("choice()", "choice()", "takes values", "choice(a, b)"),
        ("a, b, a", "a", "a is there twice", "leave one out"),
        ("1, true", "true", "1 and true cannot be told apart", "leave one out"),
        ("1, 1.0", "1.0", "1 and 1.0 cannot be told apart", "leave one out"),
        ("[1], '[1]'", "'[1]'", "cannot be told apart", "leave one out"),
        ("choice([1, 2], [1, 2])", "[1, 2]", "[1, 2] is there twice", "leave one out"),
        ("choice(interval(1, 2), 3)", "interval(1, 2)", "sweep of its own", "one sweep"),
        ("choice(choice(1, 2), 3)", "choice(1, 2)", "sweep of its own", "one choice"),
        ("choice([interval(1, 2)], 3)", "interval(1, 2)", "within a value", "whole values"),
        ("choice({a: range(3)}, 3)", "range(3)", "within a value", "whole values"),
        ("shuffle(choice(a, b))", None, "an order, of which a sampler knows nothing", "what is in its brackets"),
        ("shuffle(a, b)", None, "an order, of which a sampler knows nothing", "choice(a, b)"),
        ("sort(range(3), reverse=true)", None, "an order, of which a sampler knows nothing", "choice(a, b)"),
        ("glob(*)", "glob(*)", "no config group", "choice(a, b)"),
        ("intervall(1, 2)", "intervall(1, 2)", "unknown function 'intervall'; did you mean 'interval'", None),
        ("loguniform(1e-4, 1)", None, "unknown function 'loguniform'", "tag(log, interval(low, high))"),
        ("randint(1, 4)", None, "unknown function 'randint'", "int(interval(low, high))"),
    ],
)
def test_what_would_be_misread_is_refused_where_it_stands(search, text, part, what, hint):
    part = text if part is None else part
    told, written = search.fault("", f"model.x={text}"), search.fault(f'space:\n  model.x: "{text}"')
    for fault in (told, written):
        place = fault.where
        assert place.text[place.column - 1 : place.column - 1 + place.width] == part, fault.render()
        assert what in fault.what
        assert fault.what.startswith("model.x: ")
        assert (hint in fault.hint) if hint else fault.hint is None
    assert (told.where.source, written.where.source, written.where.line) == ("command line", "adult.yaml", 3)


@pytest.mark.parametrize(
    ("value", "what", "hint"),
    [
        ("[1, 2]", "is a list", "choice(1, 2) searches the items, choice([1, 2], […]) whole lists"),
        ("3", "is one value, 3", "choice(3, …)"),
        ("true", "is one value, True", "write a text"),
        ("{}", "is nothing", "leave it out"),
        ("relu", "relu is one value", "choice(relu, …)"),
        ("'[1, 2]'", "[1, 2] is one value, a list", "choice(1, 2) searches the items"),
        ("''", "is one value", "choice("),
        ("int()", "takes a value", None),
        ("int(3)", "3 is one value", "choice(3, …)"),
        ("interval(1", "cannot be read from 'interval(1' on", "close the bracket: interval(1)"),
        ("\"choice({'a': 1}, null)\"", "cannot be read from", None),
        ("interval(start=1, 2)", "needs a name", None),
        ("interval(start=1, start=2)", "given twice", None),
    ],
)
def test_what_is_no_sweep_is_refused_in_a_config(search, value, what, hint):
    fault = search.fault(f"space:\n  model.x: {value}")
    assert what in fault.what
    assert (hint in fault.hint) if hint else fault.hint is None


def test_all_faults_are_told_together_in_the_order_of_their_places(search):
    faults = search.faults(
        "space:\n  b: interval(2, 1)\n  a: interval(2, 1)\n", "c=interval(2,1)", "d=tag(log,range(3))"
    )
    assert [(fault.where.source, fault.where.line) for fault in faults] == [
        ("adult.yaml", 3), ("adult.yaml", 4), ("command line", None), ("command line", None),
    ]  # fmt: skip


def test_a_text_over_several_lines_is_read(search):
    (parameter,) = search.read("space:\n  model.x: >\n    choice(1,\n    2)\n").parameters
    assert parameter.distribution == choice(1, 2)
    assert search.fault("space:\n  model.x: >\n    choice(1,\n    1)\n").where.line == 3


@pytest.mark.parametrize("text", ["interval(0, 1)", "choice(1, 2, 3)", "tag(log, interval(1e-4, 1e-2))"])
def test_a_text_that_a_comma_cuts_within_braces_is_told_once(search, text):
    fault = search.fault(f"space: {{model.y: range(3), model.x: {text}, model.z: range(4)}}")
    assert fault.what == f"model.x is cut at the comma: {text.partition(',')[0]}"
    assert "unless it is in quotes" in fault.hint
    assert (fault.where.line, fault.where.column) == (2, 39)
