"""The handler as it was for TorchServe."""

import torch
from ts.torch_handler.base_handler import BaseHandler


class WineHandler(BaseHandler):
    def preprocess(self, data):
        return torch.tensor([row["body"]["measurements"] for row in data])

    def postprocess(self, scores):
        probabilities = torch.softmax(scores, dim=1)
        return [{f"class_{i}": float(p) for i, p in enumerate(row)} for row in probabilities]
