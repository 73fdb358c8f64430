"""ONNX export with a parity gate, and the onnx runtime."""
