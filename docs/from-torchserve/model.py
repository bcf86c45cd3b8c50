"""The network of the example: 13 measurements of a wine, scores of 3 cultivars."""

import torch


class WineNet(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.BatchNorm1d(13, affine=False),
            torch.nn.Linear(13, 16),
            torch.nn.ReLU(),
            torch.nn.Linear(16, 3),
        )

    def forward(self, measurements: torch.Tensor) -> torch.Tensor:
        return self.layers(measurements)
