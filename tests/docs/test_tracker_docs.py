"""What the page on trackers shows is tried."""

import json
import subprocess
import sys

from tests.docs.test_docs import blocks
from tests.integration.conftest import write_toy

PAGE = "docs/trackers.md"


def test_the_config_shown_is_accepted(tmp_path):
    toy = write_toy(tmp_path)
    (shown,) = blocks(PAGE, "yaml")
    text = "# @package _global_\n" + shown.replace("defaults:\n", "defaults:\n  - toy\n")
    (toy.folder / "configs" / "experiment" / "followed.yaml").write_text(text)
    config = toy.headway("config", "experiment=followed", "trackers.wandb.mode=offline")
    assert config.returncode == 0, config.stderr
    assert "project: census" in config.stdout
    assert "mode: offline" in config.stdout


def test_the_tracker_shown_follows_a_run(tmp_path):
    toy = write_toy(tmp_path)
    (toy.folder / "plugins" / "lines.py").write_text(blocks(PAGE, "python")[0])
    done = toy.headway("run", "experiment=toy", "trackers=lines")
    assert done.returncode == 0, done.stderr
    (path,) = (toy.folder / ".headway" / "trackers" / "lines").iterdir()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert (lines[0]["name"], lines[-1]["status"]) == ("toy", "done")


def test_the_suite_shown_passes_on_the_tracker_shown(tmp_path):
    tracker, suite = blocks(PAGE, "python")
    (tmp_path / "lines.py").write_text(tracker)
    (tmp_path / "test_lines.py").write_text("from lines import Lines\n" + suite)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout
