"""Exports the trained network to ONNX. Dimension 0 must be dynamic: the server puts many requests into one run."""

import torch

from model import WineNet

net = WineNet()
net.load_state_dict(torch.load("wine.pt", weights_only=True))
net.eval()
torch.onnx.export(
    net,
    (torch.zeros(2, 13),),
    "wine.onnx",
    input_names=["measurements"],
    output_names=["scores"],
    dynamic_axes={"measurements": {0: "batch"}, "scores": {0: "batch"}},
    dynamo=False,
)
