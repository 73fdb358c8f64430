import dataclasses
import json
import re

import pytest
from headway.contracts import Check, Graph, chain
from headway.errors import HeadwayError
from headway.testing import ArtifactSuite, StageSuite, alone, heavy_imports, make_context
from headway_deployment.package import Package, PackageError, verify
from headway_deployment.stage import PackageStage, origin


class TestPackage(ArtifactSuite):
    @pytest.fixture
    def artifact(self, package):
        return package

    @pytest.fixture
    def registry(self, names):
        return names


class TestPackageStage(StageSuite):
    @pytest.fixture
    def stage(self):
        return PackageStage


def test_it_is_registered_and_needs_no_other_plugin():
    registry = alone("deployment").registry
    assert registry.get("deployment", "package") is PackageStage
    assert registry.get("artifact", "package") is Package
    assert registry.get("command", "predict").name == "predict"
    assert heavy_imports("headway_deployment.plugin") == []


@pytest.fixture
def run(tmp_path, names, dataset, predictor):
    return lambda report: PackageStage("income").run(make_context(tmp_path, names), dataset, predictor, report)


def test_the_stage_packages_what_was_evaluated(run, report, predictor):
    package = run(report)
    assert package.predictor is predictor
    assert package.requirements == {"runtime": "sum", "sumlib": "1.2.3"}


def test_a_report_about_another_predictor_is_refused(run, report):
    with pytest.raises(HeadwayError, match=r"about predictor 000000000000…") as caught:
        run(dataclasses.replace(report, predictor="0" * 64))
    assert caught.value.code == "package-report"


def test_a_failed_gate_is_refused_with_its_figures(run, report):
    gate = Check("test.auroc >= 0.9", "failed", "0.7 [0.6, 0.8]", gate=True)
    with pytest.raises(HeadwayError, match=re.escape("1 gate(s) failed: test.auroc >= 0.9 (0.7 [0.6, 0.8])")):
        run(dataclasses.replace(report, checks=(gate,)))


def test_a_failed_check_that_is_no_gate_is_not(run, report):
    assert run(dataclasses.replace(report, checks=(Check("better than linear", "failed", "−0.1"),))).name == "income"


def test_the_manifest_says_what_the_package_takes_and_gives(saved, predictor):
    manifest = json.loads((saved / "manifest.json").read_text())
    assert manifest["format"] == 1
    assert manifest["name"] == "income"
    assert manifest["predictor"] == predictor.digest
    assert [column["name"] for column in manifest["inputs"]] == ["age", "hours", "work", "education"]
    assert manifest["outputs"][0]["classes"] == ["<=50K", ">50K"]
    assert set(manifest["files"]) == {
        "schema.json", "predictor/predictor.json", "predictor/graph/scale.json", "report/report.json",
        "report/report.html",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["predictor/graph/scale.json", "predictor/predictor.json", "schema.json", "report/report.html"]
)
def test_a_changed_file_is_named_before_anything_is_parsed(saved, name, names):
    (saved / name).write_bytes(b"\xff not even JSON")
    with pytest.raises(PackageError, match=f"{name} was changed"):
        Package.load(saved, names)


def test_every_difference_is_named_at_once(saved):
    (saved / "schema.json").unlink()
    (saved / "extra.pkl").write_bytes(b"x")
    (saved / "report" / "report.html").write_text("")
    with pytest.raises(PackageError) as caught:
        verify(saved)
    assert "schema.json is missing; extra.pkl was added; report/report.html was changed" in caught.value.what


def test_a_predictor_that_was_swapped_together_with_its_digest_is_noticed(saved, names):
    import hashlib

    manifest = json.loads((saved / "manifest.json").read_text())
    (saved / "predictor/graph/scale.json").write_bytes(b"9.0")
    manifest["files"]["predictor/graph/scale.json"] = hashlib.sha256(b"9.0").hexdigest()
    (saved / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PackageError, match="another predictor than its manifest names"):
        Package.load(saved, names)


def test_a_link_out_of_the_package_is_refused(saved, tmp_path):
    (tmp_path / "secret.json").write_text("1")
    (saved / "schema.json").unlink()
    (saved / "schema.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(PackageError, match=r"schema\.json is a symbolic link"):
        verify(saved)


def test_a_manifest_cannot_name_files_outside(saved):
    manifest = json.loads((saved / "manifest.json").read_text())
    manifest["files"]["../../etc/passwd"] = "0" * 64
    (saved / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PackageError, match="is missing"):
        verify(saved)


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "cannot be read"), ("[]", "cannot be read"), ('{"format": 2}', "has format 2"),
     ('{"format": 1}', "Field required")],
)  # fmt: skip
def test_a_manifest_that_cannot_be_read_is_told(saved, text, says):
    (saved / "manifest.json").write_text(text)
    with pytest.raises(PackageError, match=says):
        verify(saved)


def test_a_folder_that_is_no_package_is_told(tmp_path):
    with pytest.raises(PackageError, match="is no package"):
        verify(tmp_path)


def test_the_store_s_own_list_beside_it_is_no_fault(saved):
    (saved / ".manifest.json").write_text("{}")
    assert verify(saved).name == "income"


def test_the_runtimes_and_their_origins_are_packaged(run, report, names, dataset, predictor, tmp_path):
    package = run(report)
    assert set(package.runtimes) == {"sum"}
    graph = chain(predictor.graph, Graph("onnx", {"model.onnx": b""}), [])
    chained = dataclasses.replace(predictor, graph=graph)
    about = dataclasses.replace(report, predictor=chained.digest)
    made = PackageStage("income").run(make_context(tmp_path / "work", names), dataset, chained, about)
    assert set(made.runtimes) == {"sum", "onnx"}
    assert made.runtimes["onnx"] == "headway-onnx"


def test_the_file_of_a_project_is_the_origin_of_its_classes():
    inline = type("Tokens", (), {"__module__": "_headway_project.tokens"})
    assert origin(inline) == "plugins/tokens.py of the project that made it"


def test_a_package_whose_runtime_is_not_here_says_which_and_where_it_comes_from(package, saved, names):
    package.require_runtimes(names)
    loaded = Package.load(saved, names)
    assert loaded.runtimes == package.runtimes
    elsewhere = dataclasses.replace(loaded, runtimes={"onnx": "headway-onnx", "tokens": "headway-text"})
    with pytest.raises(PackageError, match="'tokens', which comes from headway-text") as caught:
        elsewhere.require_runtimes(names)
    assert caught.value.code == "package-runtime"
    assert "onnx" not in caught.value.what
