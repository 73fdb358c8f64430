import sys

import pytest
from headway.plugins import load
from headway.plugins.manager import _is_within
from packaging.specifiers import SpecifierSet

STAGE = """
from dataclasses import dataclass
from headway import Context, Stage
from headway.contracts import Dataset

@dataclass(frozen=True)
class Rows(Stage):
    def run(self, context: Context) -> Dataset: ...

def headway_register(registry):
    registry.add("data", "{name}", Rows)
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "plugins").mkdir()

    def write(**modules):
        for name, text in modules.items():
            (tmp_path / "plugins" / f"{name}.py").write_text(text)
        return tmp_path

    return write


def info(plugins, name):
    return next(i for i in plugins.infos if i.name == name)


def test_a_projects_modules_are_plugins(project):
    plugins = load(project(mine=STAGE.format(name="mine")))
    assert "mine" in plugins.registry.names("data")
    assert info(plugins, "mine").names == ("data/mine",)
    assert info(plugins, "mine").distribution == "project"


def test_modules_with_an_underscore_are_helpers(project):
    plugins = load(project(_helper="WIDTH = 3", mine="from _headway_project._helper import WIDTH"))
    assert [i.name for i in plugins.infos if i.distribution == "project"] == ["mine"]
    assert plugins.modules["mine"].WIDTH == 3


def test_two_projects_in_one_process_do_not_mix(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "plugins").mkdir(parents=True)
        (tmp_path / name / "plugins" / "_helper.py").write_text(f"NAME = '{name}'")
        (tmp_path / name / "plugins" / "mine.py").write_text("from _headway_project._helper import NAME")
    assert load(tmp_path / "one").modules["mine"].NAME == "one"
    assert load(tmp_path / "two").modules["mine"].NAME == "two"


def test_an_edited_plugin_is_read_anew_by_the_next_session(project):
    load(project(mine=STAGE.format(name="before")))
    plugins = load(project(mine=STAGE.format(name="a_longer_name")))
    assert "a_longer_name" in plugins.registry.names("data")


def test_the_next_session_reads_helpers_anew_too(project):
    plugin = (
        "from . import _helper\n\n\ndef headway_register(registry):\n    registry.add('note', _helper.NAME, object)\n"
    )
    for name in ("first", "second"):
        folder = project(mine=plugin, _helper=f"NAME = {name!r}\n")
        assert [entry.name for entry in load(folder).registry if entry.kind == "note"] == [name]


def test_each_session_has_a_registry_of_its_own(project):
    with_plugin = load(project(mine=STAGE.format(name="mine")))
    assert "mine" not in load(None).registry.names("data")
    assert "mine" in with_plugin.registry.names("data")


def test_a_plugin_that_cannot_be_imported_is_kept_as_an_error(project):
    plugins = load(project(bad="import nowhere_to_be_found", good=STAGE.format(name="good")))
    assert "good" in plugins.registry.names("data")
    error = plugins.broken["bad"]
    assert "nowhere_to_be_found" in error.what
    assert "HEADWAY_BLOCK=bad" in error.hint


def test_what_a_failing_plugin_registered_is_dropped(project):
    plugins = load(project(bad=STAGE.format(name="half") + "    raise ValueError('halfway')\n"))
    assert "half" not in plugins.registry.names("data")
    assert "ValueError: halfway" in plugins.broken["bad"].what


def test_a_misspelt_hook_is_named_with_the_nearest(project):
    plugins = load(project(bad="def headway_registre(registry): ..."))
    assert "unknown hook 'headway_registre'; did you mean 'headway_register'?" in plugins.broken["bad"].what


def test_a_hook_with_a_wrong_argument_is_refused(project):
    plugins = load(project(bad="def headway_run_started(rum): ..."))
    assert "rum" in plugins.broken["bad"].what


def test_two_plugins_that_claim_one_name_are_both_named(project):
    plugins = load(project(first=STAGE.format(name="same"), second=STAGE.format(name="same")))
    assert "claimed twice: by first and by second" in plugins.broken["second"].what


def test_a_blocked_plugin_is_left_out(project):
    plugins = load(project(mine=STAGE.format(name="mine")), blocked=["mine"])
    assert "mine" not in plugins.registry.names("data")


def test_events_reach_every_plugin_and_a_failure_is_a_warning(project):
    plugins = load(
        project(
            ear="heard = []\ndef headway_stage_started(run, stage): heard.append((run['id'], stage))",
            bad="def headway_stage_started(stage): raise RuntimeError('deaf')",
        )
    )
    with pytest.warns(UserWarning, match="plugin bad: headway_stage_started failed: RuntimeError"):
        plugins.emit("headway_stage_started", run={"id": "r1"}, stage="model")
    assert plugins.modules["ear"].heard == [("r1", "model")]


def test_an_event_nobody_listens_to_is_fine():
    load(None).emit("headway_run_finished", run={}, status="done", metrics={})


def test_a_plugin_for_another_core_version_names_both(tmp_path, monkeypatch):
    site = tmp_path / "site"
    info_folder = site / "headway_future-1.0.dist-info"
    info_folder.mkdir(parents=True)
    (info_folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: headway-future\nVersion: 1.0\nRequires-Dist: headway>=99\n"
    )
    (info_folder / "entry_points.txt").write_text("[headway]\nfuture = headway_future.plugin\n")
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    error = load(None).broken["future"]
    assert "headway>=99" in error.what
    assert "headway 0.1.0 is installed" in error.what


@pytest.mark.parametrize(
    "specifier", [">=0.1", ">=0.1,<0.2", "<0.2,>=0.1", ">=0.1.0", "<0.2.0", ">=0.2", "<0.1", "<0.1.0", ">=0.1,<0.1.0"]
)
@pytest.mark.parametrize("version", ["0.1", "0.1.0", "0.1.7", "0.2.0", "1.0"])
def test_plain_bounds_are_read_as_packaging_reads_them(specifier, version):
    assert _is_within(version, specifier) == SpecifierSet(specifier).contains(version)


@pytest.mark.parametrize("specifier", ["~=0.1", ">=0.1,!=0.1.3", "==0.1.*", ""])
def test_other_bounds_are_left_to_packaging(specifier):
    assert not _is_within("0.1.0", specifier)
