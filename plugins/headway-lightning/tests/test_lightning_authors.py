"""An author's network: under 20 lines, in a project's plugins folder, as the README shows it."""

import re
from pathlib import Path

import numpy as np
import pytest
from headway.testing import make_context


@pytest.fixture
def plugin():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return block


def test_a_network_of_under_20_lines_is_trained_saved_loaded_and_exported(project, tmp_path, hand, plugin):
    assert len([line for line in plugin.splitlines() if line.strip()]) < 20
    project.plugin("wide", plugin)
    registry = project.plugins().registry
    wide = registry.get("model", "wide")
    features = hand.features()
    model = wide(width=32, learning_rate=1e-2, batch_size=64).run(make_context(tmp_path / "work", registry), features)
    assert model.use == "wide"
    assert model.metrics["validation.auroc"] > 0.98

    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    again = type(model).load(tmp_path / "saved", project.plugins().registry)
    rows = features.source("test").batch()
    np.testing.assert_array_equal(again.predict(rows)["probability"], model.predict(rows)["probability"])
    feeds = {spec.name: rows[spec.name] for spec in model.inputs}
    given = again.export().open(registry).run(feeds)["probability"]
    np.testing.assert_allclose(given, model.predict(rows)["probability"], rtol=1e-5, atol=1e-6)
