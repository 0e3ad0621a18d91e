"""Runs ONNX files on one thread of the processor (needs onnxruntime)."""

from pathlib import Path

import onnxruntime


def session(source: str | Path | bytes) -> onnxruntime.InferenceSession:
    """Return a session of onnxruntime for a file, or for what is in one."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised
    given = source if isinstance(source, bytes) else str(source)
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
