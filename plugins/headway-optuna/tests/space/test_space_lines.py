"""What a dry run prints of a space, and how many points there are."""

import pytest

CONFIG = """
space:
  model: mlp, resnet
  model.learning_rate: tag(log, interval(1e-4, 1e-2))
  model.layers: choice([128, 128], [256, 256], {a: null})
  a: range(1, 8, 2)
  model.width: interval(1, 4)
when:
  a: model == 'resnet'
constraints:
  - a * 2 <= 9
enqueue:
  - {model: mlp, model.layers: [128, 128]}
"""


def test_a_space_is_printed_with_its_origins_and_notes(search):
    config = CONFIG.replace("choice([128, 128], [256, 256], {a: null})", "'choice([128, 128], [256, 256], {a: null})'")
    lines = list(search.read(config, "model.rate=range(0,1,0.1)", "a=int(interval(1,8))").lines())
    assert lines == [
        "model                choice of 2: mlp, resnet                        adult.yaml:3:12",
        "model.learning_rate  float 0.0001 … 0.01, log                        adult.yaml:4:26",
        "model.layers         choice of 3: [128, 128], [256, 256], {a: null}  adult.yaml:5:19",
        "a                    int 1 … 8; when model == 'resnet'               command line, replaces adult.yaml:6:8",
        "model.width          float 1 … 4                                     adult.yaml:7:18",
        "                     note: floats, though the bounds are integers; int(interval(1, 4)) searches integers",
        "model.rate           float 0 … 0.9 by 0.1                            command line",
        "                     note: 1 is not among them: a range leaves its stop out",
        "constraint: a * 2 <= 9",
        "tried first: model = mlp, model.layers = [128, 128]",
    ]


def test_what_is_searched_is_described_by_parameter(search):
    space = search.read("", "a=range(9,0,-3)", "b=1,2,3,4,5,6,7,8,9", "c='x y',1.0,'1'")
    assert space.described() == {
        "a": "int 3 … 9 by 3", "b": "choice of 9: 1, 2, 3, 4, 5, 6, 7, 8, …", "c": "choice of 3: 'x y', 1.0, '1'",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "when", "size"),
    [
        ({"a": "range(3)", "b": "1, 2"}, {}, 6),
        ({"a": "range(3)", "b": "interval(0, 1)"}, {}, None),
        ({"a": "choice(1)"}, {}, 1),
        ({"a": "range(3)", "b": "range(5)"}, {"b": "a > 1"}, 2 + 5),
        ({"a": "range(3)", "b": "range(5)", "c": "x, y"}, {"b": "a > 1", "c": "b > 3"}, 2 + 4 + 2),
        ({"a": "range(3)", "b": "range(5)", "c": "x, y"}, {"b": "a > 1", "c": "a > 0"}, 1 + 2 + 2 * 5),
        ({"a": "range(0, 1, 0.1)", "b": "range(1000000)"}, {}, 10_000_000),
        ({"a": "range(1000000)", "b": "range(2)"}, {"b": "a > 3"}, None),
    ],
)
def test_a_finite_space_has_a_number_of_points(search, texts, when, size):
    space = search.read(f"space: {texts}\nwhen: {when}\n")
    assert space.size == size
    last = list(space.lines())[-1]
    assert last.endswith(f"{size} point{'s' if size != 1 else ''} in all") if size else "in all" not in last
