"""Keys, verdicts and reasons, on real configs of a small project."""

import os
import shutil

import pytest
from headway.errors import UsageError
from headway.planning import key_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_everything_runs_first_and_nothing_afterwards(toy):
    assert toy.reasons() == dict.fromkeys(("lines", "model", "summary"), ("not run before",))
    toy.run()
    assert toy.reasons() == {}


def test_a_value_is_named_with_old_new_and_place(toy):
    toy.run()
    assert toy.reasons("model.power=2") == {
        "model": ("model.power 1 → 2 (command line)",),
        "summary": ("model changed: model.power 1 → 2 (command line)",),
    }
    toy.edit("configs/experiment/toy.yaml", "lines:\n", "model:\n  power: 2\nlines:\n")
    assert toy.reasons()["model"] == ("model.power 1 → 2 (configs/experiment/toy.yaml:10)",)


def test_another_stage_in_the_same_place_is_named_without_its_sources(toy):
    toy.run()
    assert toy.reasons("model=crash")["model"] == ("model/count → model/crash (command line)",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    # a comment\n", ""),
        ("    # a comment\n", "    # another\n    # comment\n"),
        ('"""A helper module, whose edits must be noticed."""', '"""Other words."""'),
        ("base**exponent", "( base ** exponent )"),
    ],
)
def test_what_does_not_change_the_syntax_changes_no_key(toy, old, new):
    before = toy.keys()
    toy.edit("plugins/_arithmetic.py", old, new)
    assert toy.keys() == before


def test_a_helper_module_is_followed_and_named(toy):
    toy.run()
    toy.edit("plugins/_arithmetic.py", "base**exponent", "base ** (exponent + 1)")
    assert toy.reasons()["model"][0] == "plugins/_arithmetic.py changed"


def test_data_are_known_by_content_not_by_name(toy):
    toy.run()
    shutil.copy(toy.folder / "lines.txt", toy.folder / "same.txt")
    assert toy.reasons("lines.path=same.txt") == {}
    toy.edit("lines.txt", "three", "four")
    assert toy.reasons()["lines"] == ("lines.path: lines.txt changed (configs/experiment/toy.yaml:10)",)


def test_a_folder_is_known_by_the_names_and_content_of_its_files(toy):
    folder = toy.folder / "rows"
    folder.mkdir()
    (folder / "a.txt").write_text("1")
    key = toy.keys("lines.path=rows")["lines"]
    (folder / "a.txt").rename(folder / "b.txt")
    assert toy.keys("lines.path=rows")["lines"] != key


def test_a_glob_is_known_by_the_names_and_content_of_the_files_it_matches(toy):
    folder = toy.folder / "rows"
    (folder / "year=2013").mkdir(parents=True)
    (folder / "year=2013" / "a.txt").write_text("1")
    key = toy.keys("lines.path='rows/*/a*.txt'")["lines"]
    (folder / "year=2013" / "b.txt").write_text("not matched")
    assert toy.keys("lines.path='rows/*/a*.txt'")["lines"] == key
    assert toy.keys("lines.path='rows/year=*'")["lines"] != key
    (folder / "year=2013").rename(folder / "year=2014")
    renamed = toy.keys("lines.path='rows/*/a*.txt'")["lines"]
    (folder / "year=2014" / "a.txt").write_text("2")
    assert len({key, renamed, toy.keys("lines.path='rows/*/a*.txt'")["lines"]}) == 3


def test_a_url_is_left_to_its_stage_which_is_never_cached_without_a_fingerprint(toy):
    url = "lines.path='https://user:token@example.org/rows.csv?key=1'"
    assert toy.keys(url)["lines"] != toy.keys(url)["lines"]
    (node,) = [node for node in toy.plan(url).nodes if node.label == "lines"]
    assert "token" not in str(node.components)
    run = "    def run(self, context: Context) -> Note:"
    toy.edit("plugins/toy.py", run, "    def fingerprint(self):\n        return 'etag 3'\n\n" + run)
    assert toy.keys(url)["lines"] == toy.keys(url)["lines"]
    assert toy.keys("lines.path='https://example.org/others.csv'")["lines"] != toy.keys(url)["lines"]


def test_a_missing_file_is_told_with_the_nearest(toy):
    with pytest.raises(UsageError, match=r"no file lnes\.txt") as caught:
        toy.plan("lines.path=lnes.txt")
    assert "lines.txt" in caught.value.hint
    assert str(caught.value.where) == "command line:12"


def test_secrets_and_uncached_fields_are_in_no_key_and_no_component(toy):
    plain = toy.plan().nodes
    for node, other in zip(plain, toy.plan("lines.token=hunter2", "model.seconds=0.5").nodes, strict=True):
        assert node.key == other.key
        assert "hunter2" not in str(other.components)


def test_a_key_does_not_know_its_folder_nor_the_order_of_its_config(make_toy):
    one, two = make_toy("one"), make_toy("some/where/else")
    text = (two.folder / "configs/experiment/toy.yaml").read_text()
    head, body = text.split("name: toy\n")
    (two.folder / "configs/experiment/toy.yaml").write_text(head + body + "name: toy\n")
    assert one.keys() == two.keys()


def test_a_library_in_another_version_is_named(toy, monkeypatch):
    from headway.planning.libraries import Libraries

    toy.edit("plugins/_arithmetic.py", "def power", "import scipy\n\n\ndef power")
    toy.run()
    real = Libraries._version
    monkeypatch.setattr(Libraries, "_version", lambda self, name: "99.0" if name == "scipy" else real(self, name))
    reason = toy.reasons()["model"][0]
    assert reason.startswith("scipy ")
    assert reason.endswith("→ 99.0 (plugins/_arithmetic.py)")


def test_the_distribution_of_an_import_by_another_name_is_found(toy):
    from headway.planning.libraries import Libraries
    from headway.store import Remembered

    versions = Libraries(Remembered(toy.records)).versions(["yaml", "hydra", "google.protobuf", "no_such_library"])
    assert versions["google.protobuf"][0].isdigit()
    assert versions["yaml"][0].isdigit()
    assert versions["hydra"].startswith("1.3")
    assert versions["no_such_library"] == "none"


def test_a_result_that_is_gone_is_told(toy):
    toy.run()
    key = toy.keys()["model"]
    shutil.rmtree(toy.store.path(toy.store.find(key).digest))
    assert toy.reasons()["model"] == ("its result is no longer in the store",)


def test_a_source_without_fingerprint_is_never_cached(toy):
    run = "    def run(self, context: Context) -> Note:"
    toy.edit("plugins/toy.py", run, "    def fingerprint(self):\n        return None\n\n" + run)
    assert toy.keys()["lines"] != toy.keys()["lines"]
    toy.edit("plugins/toy.py", "        return None\n", "        return 'table version 3'\n")
    assert toy.keys()["lines"] == toy.keys()["lines"]


def test_a_model_and_its_baselines_share_a_source_without_fingerprint(toy):
    run = "    def run(self, context: Context) -> Note:"
    toy.edit("plugins/toy.py", run, "    def fingerprint(self):\n        return None\n\n" + run)
    labels = [node.label for node in toy.plan("baselines=[{count: {power: 2}}]").nodes]
    assert sorted(labels) == ["lines", "model", "model[count]", "summary"]


def test_effects_come_last_and_always_run(toy):
    toy.edit("configs/experiment/toy.yaml", "[lines, model, summary]", "[lines, model, ledger, summary]")
    toy.edit("configs/experiment/toy.yaml", "  - /summary: sum", "  - /summary: sum\n  - /ledger: append")
    ledger = f"ledger.path={toy.folder / 'ledger.txt'}"
    toy.run(ledger)
    made = toy.plan(ledger)
    assert [node.label for node in made.nodes] == ["lines", "model", "summary", "ledger"]
    assert toy.reasons(ledger) == {"ledger": ("it changes the world outside",)}


def test_baselines_are_variants_that_share_what_they_can(toy):
    labels = [node.label for node in toy.plan("baselines=[{count: {power: 2}}]").nodes]
    assert sorted(labels) == ["lines", "model", "model[count]", "summary"]
    assert labels[-1] == "summary"
    same = toy.plan("baselines=[count]").nodes
    assert [node.label for node in same] == ["lines", "model", "summary"]


def test_a_stage_of_a_grid_is_labelled_with_what_its_experiments_share(toy):
    labels = [node.label for node in toy.plan("model.power=2,3", "seed=1,2").nodes]
    assert labels == [
        "lines", "model model.power=2", "summary model.power=2 seed=1", "summary model.power=2 seed=2",
        "model model.power=3", "summary model.power=3 seed=1", "summary model.power=3 seed=2",
    ]  # fmt: skip


GRIDS = st.tuples(
    st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(grid=GRIDS)
def test_merging_variants_keeps_each_distinct_key_once_and_inputs_first(toy, grid):
    powers, seeds = grid
    made = toy.plan(f"model.power={','.join(map(str, powers))}", f"seed={','.join(map(str, seeds))}")
    keys = [node.key for node in made.nodes]
    assert len(keys) == len(set(keys)) == 1 + len(powers) + len(powers) * len(seeds)
    seen = set()
    for node in made.nodes:
        assert {key for key in node.inputs.values() if isinstance(key, str)} <= seen
        seen.add(node.key)
    assert {index for node in made.nodes for index in node.labels} == set(range(len(powers) * len(seeds)))


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.lists(st.text(max_size=3), max_size=3), max_size=5))
def test_a_key_does_not_depend_on_the_order_of_its_components(components):
    backwards = dict(reversed(components.items()))
    assert key_of(components) == key_of(backwards)
    assert key_of(components | {"more": 1}) != key_of(components)


def test_a_warm_plan_parses_no_source_again(toy, monkeypatch):
    for path in toy.folder.rglob("*"):
        if path.is_file():
            os.utime(path, (1, 1))
    toy.plan()
    from headway.planning import modules

    parsed = []
    real = modules._parse_file
    monkeypatch.setattr(modules, "_parse_file", lambda path: parsed.append(path) or real(path))
    toy.plan()
    assert [path for path in parsed if path.is_relative_to(toy.folder)] == []


def test_a_baseline_that_is_the_model_itself_answers_to_both_names(toy):
    made = toy.plan("baselines=[count]").nodes
    assert [labels for node in made for labels in node.labels.values()] == [
        ("lines",), ("model", "model[count]"), ("summary",),
    ]  # fmt: skip


def test_what_a_baseline_shares_has_no_second_name(toy):
    made = toy.plan("baselines=[{count: {power: 2}}]").nodes
    assert [labels for node in made for labels in node.labels.values()] == [
        ("lines",), ("model",), ("model[count]",), ("summary",),
    ]  # fmt: skip
