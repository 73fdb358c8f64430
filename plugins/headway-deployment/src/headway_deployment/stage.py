"""The deployment stage that makes packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import MinLen
from headway.contracts import Dataset, Predictor, Report, parts_of
from headway.errors import HeadwayError
from headway.plugins.manager import INLINE
from headway.stage import Context, Stage

from headway_deployment.package import Package


@dataclass(frozen=True)
class PackageStage(Stage):
    """Puts the predictor, the schema and the evidence into one folder that can be deployed."""

    name: Annotated[str, MinLen(1)] = "${name}"
    """The package's name; the experiment's by default."""

    def run(self, context: Context, data: Dataset, export: Predictor, evaluation: Report) -> Package:
        """Packages a predictor that passed its gates.

        Args:
            context: Where the runtimes are registered.
            data: The dataset behind the predictor, for its schema.
            export: What is deployed.
            evaluation: The evidence about it.

        Raises:
            HeadwayError: The report is about another predictor, or one of its gates failed.
        """
        if evaluation.predictor != export.digest:
            raise HeadwayError(
                f"the report is about predictor {evaluation.predictor[:12]}…, "
                f"the one to be packaged is {export.digest[:12]}…",
                hint="whatever changes the predictor must come before evaluation in the pipeline",
                code="package-report",
            )
        failed = [check for check in evaluation.checks if check.gate and check.verdict == "failed"]
        if failed:
            raise HeadwayError(
                f"{len(failed)} gate(s) failed: " + "; ".join(f"{check.name} ({check.detail})" for check in failed),
                hint="a predictor is deployed when all its gates pass; the report says by how much they were missed",
                code="package-gates",
            )
        origins = {
            part.runtime: origin(context.registry.get("runtime", part.runtime)) for part in parts_of(export.graph)
        }
        return Package(self.name, data.schema, export, evaluation, requirements(export), origins)


def requirements(predictor: Predictor) -> dict[str, str]:
    """What ran the predictor when its parity was checked: the runtime's name, and libraries with versions."""
    told: Any = predictor.evidence.get("runtime", {})
    versions = told.items() if isinstance(told, Mapping) else ()
    libraries = {key: value for key, value in versions if isinstance(value, str) and key != "name"}
    return {"runtime": predictor.graph.runtime, **libraries}


def origin(runtime: type) -> str:
    """Where a class comes from, for people: the distribution of a plugin, or the file of a project."""
    top, _, rest = runtime.__module__.partition(".")
    return f"plugins/{rest}.py of the project that made it" if top == INLINE else top.replace("_", "-")
