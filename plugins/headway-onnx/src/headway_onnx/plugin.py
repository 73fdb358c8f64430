"""What headway-onnx registers."""

from __future__ import annotations

from headway.plugins import Registry

from headway_onnx.ensemble import MeanEnsemble
from headway_onnx.export import ChainExport, OnnxExport
from headway_onnx.runtime import OnnxRuntime


def headway_register(registry: Registry) -> None:
    """Registers the runtime of ONNX graphs the export stages, and the ensemble."""
    registry.add("runtime", "onnx", OnnxRuntime)
    registry.add("export", "onnx", OnnxExport)
    registry.add("export", "chain", ChainExport)
    registry.add("ensemble", "mean", MeanEnsemble)
