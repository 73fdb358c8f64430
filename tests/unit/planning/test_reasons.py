"""Every reason that can make a stage run again, each with its place."""

import shutil


def line_of(toy, path, text):
    lines = (toy.folder / path).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def only(toy, label, *words):
    (reason,) = next(node for node in toy.plan(*words).nodes if node.label == label).reasons
    return reason


def test_a_value_of_the_config_has_file_line_and_column(toy):
    toy.run()
    toy.edit("configs/experiment/toy.yaml", "lines:\n", "model:\n  power: 2\nlines:\n")
    where = only(toy, "model").where
    assert (where.source, where.line, where.column) == ("configs/experiment/toy.yaml", 10, 10)
    assert where.text == "  power: 2"


def test_a_value_of_the_command_line_has_its_word(toy):
    toy.run()
    where = only(toy, "model", "model.power=2").where
    assert (where.source, where.text, where.column) == ("command line", "model.power=2", 13)


def test_a_seed_is_where_the_runs_seed_was_set(toy):
    toy.run()
    reason = only(toy, "summary", "seed=9")
    assert str(reason) == "summary.seed 3 → 9 (command line)"
    toy.edit("configs/experiment/toy.yaml", "seed: 3", "seed: 4")
    assert str(only(toy, "summary")) == "summary.seed 3 → 4 (configs/experiment/toy.yaml:7)"


def test_another_default_is_where_the_class_declares_it(toy):
    toy.run()
    toy.edit("plugins/toy.py", "power: int = 1", "power: int = 2")
    reasons = next(node for node in toy.plan().nodes if node.label == "model").reasons
    line = line_of(toy, "plugins/toy.py", "power: int = 2")
    assert [str(reason) for reason in reasons] == [
        f"model.power 1 → 2 (plugins/toy.py:{line})",
        "plugins/toy.py changed",
        "lines changed: plugins/toy.py changed",
    ]


def test_a_mapping_that_gets_items_is_told_by_them_alone(toy):
    more = "    more: dict = field(default_factory=dict)\n"
    toy.edit("plugins/toy.py", "    power: int = 1\n", f"    power: int = 1\n{more}")
    toy.edit("plugins/toy.py", "import dataclass", "import dataclass, field")
    toy.run()
    assert str(only(toy, "model", "+model.more.a=1")) == "model.more.a unset → 1 (command line)"
    toy.run("+model.more.a=1")
    reasons = next(node for node in toy.plan("model.power=2").nodes if node.label == "model").reasons
    assert [reason.what for reason in reasons] == ["model.more.a 1 → unset", "model.power 1 → 2"]


def test_another_cache_version_is_where_the_class_declares_it(toy):
    toy.run()
    toy.edit("plugins/toy.py", "    power: int = 1\n", "    cache_version: ClassVar[int] = 2\n    power: int = 1\n")
    first = next(node for node in toy.plan().nodes if node.label == "model").reasons[0]
    line = line_of(toy, "plugins/toy.py", "cache_version")
    assert str(first) == f"cache_version 1 → 2 (plugins/toy.py:{line})"


def test_of_several_files_the_changed_one_is_named(toy):
    toy.edit(
        "plugins/toy.py", "    path: SourcePath\n", "    path: SourcePath\n    more: tuple[SourcePath, ...] = ()\n"
    )
    for name in ("a.txt", "b.txt"):
        (toy.folder / name).write_text(name)
    words = ["lines.more=[a.txt,b.txt]"]
    toy.run(*words)
    (toy.folder / "b.txt").write_text("changed")
    assert str(only(toy, "lines", *words)) == "lines.more.1: b.txt changed (command line)"


def test_a_module_that_is_new_or_gone_is_told(toy):
    toy.run()
    (toy.folder / "plugins" / "_more.py").write_text("THREE = 3\n")
    toy.edit("plugins/_arithmetic.py", "def power", "from . import _more\n\n\ndef power")
    texts = [str(reason) for reason in next(n for n in toy.plan().nodes if n.label == "model").reasons]
    assert texts[:2] == ["plugins/_arithmetic.py changed", "plugins/_more.py is new"]
    toy.run()
    toy.edit("plugins/_arithmetic.py", "from . import _more\n\n\n", "FOUR = 4\n")
    texts = [str(reason) for reason in next(n for n in toy.plan().nodes if n.label == "model").reasons]
    assert texts[1].endswith("_more is gone")


def test_an_input_tells_the_reason_at_the_beginning_of_the_chain(toy):
    toy.run()
    toy.edit("lines.txt", "three", "four")
    reasons = {node.label: node.reasons[0] for node in toy.plan().nodes}
    assert str(reasons["summary"]) == ("model changed: lines.path: lines.txt changed (configs/experiment/toy.yaml:10)")
    assert reasons["summary"].cause.cause == reasons["lines"]


def test_inputs_that_changed_for_one_cause_are_one_reason(toy):
    takes = "def run(self, context: Context, {}model: Note, baselines"
    toy.edit("plugins/toy.py", takes.format(""), takes.format("lines: Note, "))
    toy.run()
    toy.edit("lines.txt", "three", "four")
    assert str(only(toy, "summary")).startswith("lines, model changed: lines.path: lines.txt changed")


def test_another_stage_for_the_same_input_is_told(toy):
    toy.edit("configs/experiment/toy.yaml", "[lines, model, summary]", "[lines, model, other, summary]")
    toy.edit(
        "configs/experiment/toy.yaml",
        "  - override /model: count",
        "  - /model@other: count\n  - override /model: count",
    )
    words = ["other.power=2"]
    toy.run(*words)
    reason = only(toy, "summary", *words, "summary.inputs.model=other")
    assert str(reason) == "model changed"


def test_a_source_that_is_no_file_tells_old_and_new(toy):
    run = "    def run(self, context: Context) -> Note:"
    toy.edit("plugins/toy.py", run, "    def fingerprint(self):\n        return self.token\n\n" + run)
    toy.run("lines.token=one")
    assert str(only(toy, "lines", "lines.token=two")) == "its source changed: one → two"
    assert str(only(toy, "lines")) == "its source cannot say whether it changed"


def test_a_result_that_is_gone_and_one_that_never_was(toy):
    assert str(only(toy, "lines")) == "not run before"
    toy.run()
    key = toy.keys()["model"]
    shutil.rmtree(toy.store.path(toy.store.find(key).digest))
    assert str(only(toy, "model")) == "its result is no longer in the store"


def test_reasons_of_a_stage_from_an_installed_package_name_files_without_folders_of_this_machine(toy):
    toy.run()
    assert str(toy.folder) not in str([node.reasons for node in toy.plan("model.power=3").nodes])


SCALES = """
class Double:
    factor = 2


def headway_register(registry):
    registry.add("scale", "double", Double)
"""


def test_what_a_stage_looks_up_by_name_is_reached_though_it_is_never_imported(toy):
    (toy.folder / "plugins" / "scales.py").write_text(SCALES)
    toy.edit("plugins/_arithmetic.py", "return base**exponent", "return base**exponent if 'double' else 0")
    toy.run()
    toy.edit("plugins/scales.py", "factor = 2", "factor = 3")
    first = next(node for node in toy.plan().nodes if node.label == "model").reasons[0]
    assert str(first) == "plugins/scales.py changed"


def test_a_value_under_a_key_with_a_dot_has_its_place(toy):
    more = "    more: dict = field(default_factory=dict)\n"
    toy.edit("plugins/toy.py", "    power: int = 1\n", f"    power: int = 1\n{more}")
    toy.edit("plugins/toy.py", "import dataclass", "import dataclass, field")
    toy.edit("configs/experiment/toy.yaml", "lines:\n", "model:\n  more:\n    a.b: 1\nlines:\n")
    toy.run()
    toy.edit("configs/experiment/toy.yaml", "a.b: 1", "a.b: 2")
    assert str(only(toy, "model")) == "model.more.a.b 1 → 2 (configs/experiment/toy.yaml:11)"
