"""Trains the digits model, exports it to ONNX and writes held-out samples.

Data: the UCI "Optical Recognition of Handwritten Digits" test set, 1,797 greyscale images of 8 x 8 pixels,
bundled in scikit-learn (no download). The result is the same on every run on the same machine.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py
"""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

HERE = Path(__file__).parent
SEED = 20
EPOCHS = 60
BATCH_ROWS = 64


class Digits(nn.Module):
    """38 thousand parameters: two convolutions, one hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(32 * 4 * 4, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layers(image)


def load_pixels() -> tuple[np.ndarray, np.ndarray]:
    """Images as bytes, the way a PNG holds them, so that training and serving see the same numbers."""
    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    return pixels, digits.target


def tensor_of(pixels: np.ndarray) -> torch.Tensor:
    """Bytes to the model's input: 0..1, [rows, channels, height, width]."""
    return torch.from_numpy(pixels.astype(np.float32) / 255).unsqueeze(1)


def shifted(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Moves each image by up to one pixel: a digit means the same wherever it is written."""
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    offsets = torch.randint(0, 3, (len(images), 2), generator=generator)
    return torch.stack([each[:, y : y + 8, x : x + 8] for each, (y, x) in zip(padded, offsets.tolist())])


def train(images: torch.Tensor, labels: torch.Tensor) -> Digits:
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    generator = torch.Generator().manual_seed(SEED)
    model = Digits()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(images), generator=generator).split(BATCH_ROWS):
            loss = nn.functional.cross_entropy(model(shifted(images[rows], generator)), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return model.eval()


def export(model: Digits, path: Path) -> None:
    torch.onnx.export(
        model,
        (torch.zeros(2, 1, 8, 8),),
        path,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(path), full_check=True)


def choose_samples(pixels: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """The first held-out image of each digit, and a second 3 and 8, which are the easiest to confuse."""
    samples = {}
    for digit in range(10):
        first, second = pixels[labels == digit][:2]
        samples[f"{digit}.png"] = first
        if digit in (3, 8):
            samples[f"{digit}-b.png"] = second
    return samples


def write_samples(folder: Path, samples: dict[str, np.ndarray]) -> None:
    folder.mkdir(exist_ok=True)
    for name, image in samples.items():
        Image.fromarray(image).save(folder / name)


def expected_answers(model: Digits, samples: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """The most probable label of each sample, as PyTorch computes it: the reference for the server's answers."""
    with torch.no_grad():
        probabilities = model(tensor_of(np.stack(list(samples.values())))).softmax(1)
    return {name: {str(int(row.argmax())): round(float(row.max()), 6)} for name, row in zip(samples, probabilities)}


def main() -> None:
    torch.set_num_threads(1)
    pixels, labels = load_pixels()
    split = train_test_split(pixels, labels, test_size=0.25, stratify=labels, random_state=SEED)
    train_pixels, held_out_pixels, train_labels, held_out_labels = split
    model = train(tensor_of(train_pixels), torch.from_numpy(train_labels))
    with torch.no_grad():
        answers = model(tensor_of(held_out_pixels)).argmax(1).numpy()
    accuracy = float((answers == held_out_labels).mean())
    export(model, HERE / "model.onnx")
    samples = choose_samples(held_out_pixels, held_out_labels)
    write_samples(HERE / "samples", samples)
    write_json("expected.json", expected_answers(model, samples))
    report = {"trainingRows": len(train_labels), "heldOutRows": len(held_out_labels), "accuracy": round(accuracy, 4)}
    write_json("accuracy.json", report)
    print(f"{accuracy:.2%} of {len(held_out_labels)} held-out images are answered correctly")


def write_json(name: str, value: object) -> None:
    (HERE / name).write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    main()
