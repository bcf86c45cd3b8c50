"""TorchServe's handler for ONNX: its base handler opens the file, the rest is left to us."""

import json

import numpy as np
from ts.torch_handler.base_handler import BaseHandler


class OnnxHandler(BaseHandler):
    def preprocess(self, data):
        bodies = [request.get("data") or request.get("body") for request in data]
        parsed = [body if isinstance(body, dict) else json.loads(body) for body in bodies]
        return [np.asarray(body["x"], dtype=np.float32) for body in parsed]

    def inference(self, data, *args, **kwargs):
        outputs = self.model.run(None, {"x": np.concatenate(data)})[0]
        return np.split(outputs, np.cumsum([len(rows) for rows in data])[:-1])

    def postprocess(self, data):
        return [{"y": rows.tolist()} for rows in data]
