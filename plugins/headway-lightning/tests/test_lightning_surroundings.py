"""What networks do to their surroundings: nothing is imported early, printed, or left behind."""

import subprocess
import sys
import textwrap
from dataclasses import replace

from headway import Uncached
from headway.testing import HEAVY, heavy_imports
from headway_lightning import Trainer
from headway_lightning.zoo.mlp import MLP

CPU = Trainer(max_epochs=6, accelerator="cpu")
SMALL = MLP(layers=(16,), dropout=0.1, batch_size=64, learning_rate=1e-2, embedding=2, trainer=CPU, seed=3)


class TestPreflight:
    def test_a_missing_gpu_is_told(self, monkeypatch):
        import torch

        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        (fault,) = replace(SMALL, trainer=replace(CPU, accelerator="cuda")).preflight()
        assert fault.code == "no-gpu"
        assert "accelerator=auto" in fault.hint

    def test_torch_is_not_imported_to_find_out_that_no_gpu_is_wanted(self):
        code = """
            import sys
            from headway_lightning.zoo.mlp import MLP
            assert MLP().preflight() == []
            assert "torch" not in sys.modules
        """
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)


def test_the_plugin_and_what_authors_import_are_light():
    assert heavy_imports("headway_lightning.plugin") == []
    assert heavy_imports("headway_lightning") == []
    assert "torch" in HEAVY


def test_the_accelerator_is_marked_as_no_part_of_the_result():
    from typing import get_type_hints

    hint = get_type_hints(Trainer, include_extras=True)["accelerator"]
    assert Uncached() in hint.__metadata__


def test_nothing_is_printed_and_nothing_is_left_in_the_working_directory(context, hand, tmp_path, monkeypatch, capfd):
    here = tmp_path / "cwd"
    here.mkdir()
    monkeypatch.chdir(here)
    SMALL.run(context, hand.features())
    assert list(here.iterdir()) == []
    assert capfd.readouterr() == ("", "")
