"""What `headway config` prints is an experiment file: in a fresh project it composes to the same experiment."""

import yaml
from headway.config import check, compose
from headway.config.text import render
from headway.planning import plan
from headway.store import open_store
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

ODD = ["1e-3", "1_000", "0x10", "yes", "on", "null", "~", "", "2020-01-01", "12:30", "=", "<<", ".5", "nan", "a: b",
       "${seed}", "\\${seed}", "$${a}", "${", "\\", "\\\\${x", "a${oc.env:HOME}b\\", "- a", "# a", "é\x85\u2028\ufeff",
       " a ", "\ta\n", "'\"", "***", "{a: 1}", "[1, 2]", "&a", "*a", "!a", "@a", "%a", "\0"]  # fmt: skip
TEXT = (st.sampled_from(ODD) | st.text(st.characters(codec="utf-8"), max_size=10)).filter(lambda text: text != "???")
NAME = st.from_regex(r"[a-z]{1,5}", fullmatch=True) | st.sampled_from(
    ["1", "yes", "null", "a b", "1e-3", "é", "a-b", "~"]
)
SOURCE = st.fixed_dictionaries({"url": TEXT}, optional={"rows": st.integers(-(2**60), 2**60)})
DATA = st.fixed_dictionaries(
    {},
    optional={
        "login": st.fixed_dictionaries({}, optional={"user": TEXT}),
        "sources": st.lists(SOURCE, max_size=2),
        "named": st.dictionaries(NAME, SOURCE, max_size=2),
        "kinds": st.dictionaries(NAME, TEXT, max_size=3),
        "limit": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    },
)
FLOATS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TRANSFORM = st.one_of(
    st.sampled_from(["standard", "clip", "noise"]),
    FLOATS.map(lambda low: {"clip": {"low": low}}),
    st.integers(2, 9).map(lambda n: {"bins": {"n": n}}),
    TEXT.map(lambda text: {"lookup": {"path": "people.csv", "label": text, "then": [{"noise": None}]}}),
)
RULE = st.fixed_dictionaries({}, optional={"policy": st.just("drop"), "max": FLOATS})
MORE = st.fixed_dictionaries(
    {},
    optional={
        "rules": st.dictionaries(NAME, RULE, max_size=2),
        "steps": st.lists(RULE, max_size=2),
        "checks": st.dictionaries(NAME, st.just("off"), max_size=2),
        "split": st.just("random") | st.just({"by": "a"}) | st.just({"group": "a", "size": 0.5}),
    },
)
NET = st.fixed_dictionaries(
    {},
    optional={
        "layers": st.lists(st.integers(1, 2**40), max_size=3),
        "dropout": st.floats(0, 1),
        "rate": st.just("auto") | st.floats(14, 1e300),
        "seed": st.integers(0, 9),
    },
)
LINEAR = st.fixed_dictionaries({}, optional={"C": st.floats(-1e9, 1e9)})
CONTENT = st.fixed_dictionaries(
    {"data": st.builds(lambda data, more: data | more, DATA, MORE)},
    optional={
        "name": TEXT.filter(bool),
        "seed": st.integers(0, 2**32 - 1),
        "features": st.fixed_dictionaries(
            {"derive": st.dictionaries(NAME, TEXT, max_size=3)},
            optional={
                "columns": st.dictionaries(NAME, st.lists(TRANSFORM, max_size=2), max_size=2),
                "otherwise": st.none() | TRANSFORM,
            },
        ),
        "model": NET,
        "teacher": LINEAR,
        "baselines": st.lists(LINEAR.map(lambda fields: {"linear": fields}) | st.just("linear"), max_size=1),
        "runner": st.fixed_dictionaries({}, optional={"isolate": st.booleans(), "threads": st.none() | st.just(2)}),
    },
)
WORDS = st.lists(
    st.sampled_from(
        ["seed=5", "model.dropout=0.25", "data.kinds={a: 'b c'}", "~features.derive", "data.path='x y.csv'"]
    ),
    max_size=2,
    unique=True,
)
PIPELINE = ["data", "features", "model", "teacher", "mean", "evaluation"]


class Quoted(yaml.SafeDumper):
    """Every text in double quotes, so that the first file says what is meant however odd it is."""


Quoted.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def written(value):
    """The value with what looks like an interpolation escaped."""
    if isinstance(value, dict):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [written(item) for item in value]
    if not isinstance(value, str):
        return value
    first, *rest = value.split("${")
    for part in rest:
        slashes = len(first) - len(first.rstrip("\\"))
        first += "\\" * slashes + "\\${" + part
    return first


def experiment_file(content):
    defaults = ["/model@teacher: linear", "/mean: mean", "override /data: people", "override /features: columns",
                "override /model: net", "override /evaluation: judge"]  # fmt: skip
    head = {"defaults": [dict([entry.split(": ")]) for entry in defaults], "pipeline": PIPELINE}
    wiring = {
        "mean": {"inputs": {"members": {"a": "model", "b": "teacher"}}},
        "evaluation": {"inputs": {"model": "mean"}},
    }
    return "# @package _global_\n" + yaml.dump({**head, **wiring, **written(content)}, Dumper=Quoted, sort_keys=False)


def keys(experiment, plugins, folder):
    store = open_store(folder / ".headway")
    made = plan([experiment], plugins, store.artifacts, store.records)
    return [(node.label, node.key, dict(node.inputs)) for node in made.nodes]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(content=CONTENT, words=WORDS)
@example(content={"data": {"kinds": {str(i): text for i, text in enumerate(ODD)}}}, words=[])
def test_what_is_printed_composes_to_the_same(study, tmp_path, content, words):
    study.write("configs/experiment/study.yaml", experiment_file(content))
    first = study.check(*words)
    assert written(first.stages[0].values["kinds"]) == written(content["data"].get("kinds", {})) or words
    fresh = tmp_path / "fresh"
    (fresh / "configs" / "experiment").mkdir(parents=True, exist_ok=True)
    (fresh / "configs" / "experiment" / "printed.yaml").write_text(render(first), encoding="utf-8", newline="")
    for folder in (fresh, study.project.folder):
        for name in ("people.csv", "x y.csv"):
            (folder / name).write_text("a\n1\n")
    second = check(compose(fresh, ["experiment=printed"], study.plugins), study.plugins)
    assert second.public == first.public
    assert [(s.name, s.kind, s.use, s.values, s.inputs) for s in second.stages] == [
        (s.name, s.kind, s.use, s.values, s.inputs) for s in first.stages
    ]
    assert keys(second, study.plugins, fresh) == keys(first, study.plugins, study.project.folder)
    assert render(second) == render(first)
