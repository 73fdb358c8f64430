"""The transform that the documentation shows passes the suite that it shows."""

import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path

from headway_tabular.transforms import TRANSFORMS

from tests.integration.conftest import Project

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "transforms.md").read_text()


def test_the_transform_shown_to_authors_passes_its_suite(tmp_path):
    transform, test = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len([line for line in transform.splitlines() if line.strip()]) < 30
    (tmp_path / "squash.py").write_text(transform)
    (tmp_path / "test_squash.py").write_text("from squash import Squash\n" + test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_config_may_choose_it(tmp_path):
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "squash.py").write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0])
    (config,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "configs" / "experiment" / "squashed.yaml").write_text(config)
    done = Project(tmp_path).headway("run", "experiment=squashed", "pipeline=[data,features]", "baselines=[]")
    assert done.returncode == 0, done.stderr


def test_every_transform_and_every_field_is_in_the_reference():
    for name, transform in TRANSFORMS:
        assert f"| `{name}` |" in PAGE
        for field in dataclasses.fields(transform):
            assert f"`{field.name}`" in PAGE, f"{name}.{field.name}"
