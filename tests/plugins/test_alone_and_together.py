"""Every plugin loads alone, with only what it declares; all load together."""

from pathlib import Path

import pytest
from headway.plugins import load
from headway.testing import alone

NAMES = sorted(path.name.removeprefix("headway-") for path in (Path(__file__).parents[2] / "plugins").iterdir())


def test_all_plugins_load_together_and_claim_different_names():
    plugins = load()
    assert plugins.broken == {}
    assert {info.name for info in plugins.infos} >= set(NAMES)
    claimed = [name for info in plugins.infos for name in info.names]
    assert len(claimed) == len(set(claimed))


@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_loads_alone_and_registers_what_it_does_together(name):
    together = next(info for info in load().infos if info.name == name)
    plugins = alone(name)
    assert plugins.broken == {}
    assert next(info for info in plugins.infos if info.name == name).names == together.names != ()


@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_has_a_readme_that_names_what_it_registers(name):
    text = (Path(__file__).parents[2] / "plugins" / f"headway-{name}" / "README.md").read_text()
    for registered in next(info for info in load().infos if info.name == name).names:
        kind, _, what = registered.partition("/")
        assert kind in ("artifact", "configs") or what in text, registered
