import hashlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from headway_onnx.graphs import as_graph, code_name, export_module, label_encoders, merge, parse
from headway_onnx.lint import lint
from headway_onnx.runtime import OnnxRuntime
from torch import nn


class Transform(nn.Module):
    """Two numbers and a code to arrays; takes its inputs as ``*args``."""

    def forward(self, *columns):
        first, second, code = columns
        return torch.stack([first * 2, second + 1], dim=1).to(torch.float32), code[:, None]


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(2, 2)
        self.drop = nn.Dropout(0.5)

    def forward(self, numeric, categorical):
        return torch.softmax(self.drop(self.linear(numeric)) + categorical.to(torch.float32), dim=-1)


NUMBERS, CODE = torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.int64)


@pytest.fixture(scope="module")
def transform():
    # Names of operators, and a name with a space, as columns may have.
    return export_module(Transform(), {"add": NUMBERS, "cat 2": NUMBERS, "code/word": CODE}, ["numeric", "categorical"])


@pytest.fixture(scope="module")
def wide():
    examples = {"numeric": torch.zeros(1, 2), "categorical": torch.zeros(1, 1, dtype=torch.int64)}
    return export_module(Wide(), examples, ["probability"])


def test_any_batch_gives_the_module_s_own_answer(wide):
    runtime = OnnxRuntime.load(as_graph(wide).files)
    for rows in (1, 2, 7):
        numeric, codes = torch.randn(rows, 2), torch.randint(0, 3, (rows, 1))
        given = runtime.run({"numeric": numeric.numpy(), "categorical": codes.numpy()})["probability"]
        own = Wide().eval()(numeric, codes).detach().numpy()
        np.testing.assert_allclose(given, own, atol=1e-6)


def test_inputs_have_the_wanted_names_whatever_they_are(transform):
    graph = parse(transform).graph
    assert [value.name for value in graph.input] == ["add", "cat 2", "code/word"]
    assert [value.name for value in graph.output] == ["numeric", "categorical"]


def test_encoders_transform_and_model_merge_into_one_graph(transform, wide):
    front = merge(label_encoders({"word": ["x", "y"]}), transform)
    whole = merge(front, wide, keep=["numeric"])
    assert code_name("word") == "code/word"
    assert lint(whole) == ()
    runtime = OnnxRuntime.load(as_graph(whole).files)
    feeds = {"add": np.array([1.0, 2.0]), "cat 2": np.array([3.0, 4.0]), "word": np.array(["y", "z"], dtype=object)}
    given = runtime.run(feeds)
    np.testing.assert_array_equal(given["numeric"], np.float32([[2, 4], [4, 5]]))
    own = Wide().eval()(torch.tensor([[2.0, 4.0], [4.0, 5.0]]), torch.tensor([[1], [2]])).detach().numpy()
    np.testing.assert_allclose(given["probability"], own, atol=1e-6)


def test_nothing_of_this_machine_or_the_exporter_is_in_the_bytes(transform):
    for text in (b"/", str(Path.cwd()).encode(), b"pytorch", b".py", torch.__version__.encode()):
        assert text not in transform.replace(b"code/word", b"").replace(b"module/", b""), text


SCRIPT = """
import hashlib, os, torch
from headway_onnx.graphs import export_module
torch.manual_seed(0)
module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
print(hashlib.sha256(export_module(module, {"x": torch.zeros(1, 2)}, ["y"])).hexdigest())
"""


def test_another_process_in_another_folder_gives_the_same_bytes(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    here = hashlib.sha256(export_module(module, {"x": torch.zeros(4, 2)}, ["y"])).hexdigest()
    script = tmp_path / "other.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == [here]


def test_the_module_is_exported_in_evaluation_mode_and_given_back_in_its_own():
    module = Wide()
    module.train()
    module.drop.eval()
    export_module(module, {"numeric": torch.zeros(1, 2), "categorical": torch.zeros(1, 1, dtype=torch.int64)}, ["p"])
    assert module.training
    assert not module.drop.training


class Difference(nn.Module):
    def forward(self, first, second):
        return first - second


def test_one_example_tensor_may_stand_for_several_inputs():
    runtime = OnnxRuntime.load(as_graph(export_module(Difference(), {"a": NUMBERS, "b": NUMBERS}, ["y"])).files)
    assert runtime.run({"a": np.array([5.0]), "b": np.array([3.0])})["y"].tolist() == [2.0]


class LosesRows(nn.Module):
    def forward(self, x):
        return x.sum(dim=0)


class DependsOnValues(nn.Module):
    def forward(self, x):
        return x * 2 if bool(x.sum() > 0) else x


class Unknown(nn.Module):
    def forward(self, x):
        return torch.linalg.svd(x[:, :, None] * x[:, None, :])[1]


@pytest.mark.parametrize(
    ("module", "outputs", "told"),
    [
        (nn.Linear(2, 1), ["y", "z"], "gives 1 outputs, but 2 are named"),
        (LosesRows(), ["y"], "first axis of its output 'y' is not the row"),
        (
            DependsOnValues(),
            ["y"],
            r"DependsOnValues cannot be exported: .*at test_onnx_torch_export.py:\d+: return x \* 2",
        ),
        (Unknown(), ["y"], "No ONNX function found for .*linalg_svd"),
    ],
)
def test_modules_that_cannot_be_exported_are_told_in_one_line_with_theirs(module, outputs, told, capfd, caplog):
    from headway_onnx.graphs import GraphError

    with pytest.raises(GraphError, match=told) as caught:
        export_module(module, {"x": torch.zeros(2, 2)}, outputs)
    assert "\n" not in caught.value.what
    assert "\x1b" not in caught.value.what
    assert capfd.readouterr().err == ""
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
