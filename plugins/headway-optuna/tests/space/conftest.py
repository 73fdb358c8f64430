"""A search read from the text of a config and words of the command line."""

import json
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from headway.config.origins import Origin
from headway.errors import ConfigError, HeadwayError
from headway_optuna.config import Sweep
from headway_optuna.space.command_line import split
from headway_optuna.space.reading import read
from headway_optuna.space.space import Space

GROUPS = {"model": ["linear", "mlp", "resnet"], "experiment": ["adult", "digits"], "data": ["adult"]}


class Mlp:
    """A stage with a space."""

    space: ClassVar = {
        "dropout": "interval(0, 0.5)",
        "learning_rate": "tag(log, interval(1e-4, 1e-2))",
        "optimizer.adamw.amsgrad": "choice(true, false)",
    }


class Table:
    """A stage without."""


@dataclass
class Search:
    folder: Path

    def read(self, config="", *words, stages=None) -> Space:
        """The space; `config` is what the node `sweep` says, and begins at line 2 of adult.yaml."""
        file = self.folder / "adult.yaml"
        file.write_text("sweep:\n" + textwrap.indent(textwrap.dedent(config).lstrip("\n"), "  "), encoding="utf-8")
        node = yaml.safe_load(file.read_text(encoding="utf-8"))["sweep"] or {}
        sweeps, others = split(words)
        return read(
            sweeps,
            Sweep(**node),
            lambda path: Origin(file, ("sweep", *path)).place(self.folder),
            {"data": Table, "model": Mlp} if stages is None else stages,
            lambda group: GROUPS.get(group, []),
            others,
        )

    def faults(self, config="", *words, stages=None) -> tuple[HeadwayError, ...]:
        with pytest.raises(ConfigError) as caught:
            self.read(config, *words, stages=stages)
        return caught.value.faults

    def fault(self, config="", *words) -> HeadwayError:
        """The only fault."""
        faults = self.faults(config, *words)
        assert len(faults) == 1, [fault.render() for fault in faults]
        return faults[0]

    def distribution(self, text):
        """What a text resolves to, on the command line and in a config alike."""
        (told,) = self.read("", f"model.x={text}").parameters
        (written,) = self.read(f"space: {{model.x: {json.dumps(text)}}}").parameters
        assert told.distribution == written.distribution
        return told.distribution


@pytest.fixture
def search(tmp_path):
    return Search(tmp_path)
