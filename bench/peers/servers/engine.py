"""What every server here runs: the same engine, one thread, as OnnxServe's worker and the bare server do."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
import onnxruntime


class Engine:
    """`x` FP32 in, `y` FP32 out; both as nested lists, one list a row."""

    def __init__(self, model_path: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model_path, options, providers=["CPUExecutionProvider"])

    def predict(self, rows: list[list[float]]) -> list[list[float]]:
        return self.run(np.asarray(rows, dtype=np.float32)).tolist()

    def run(self, rows: np.ndarray) -> np.ndarray:
        return self._session.run(None, {"x": rows})[0]
