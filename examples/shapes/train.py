"""Trains a detector and a segmenter of simple shapes, exports both, and writes held-out images with their answers.

Data: pictures of 64 x 64 pixels drawn with a fixed seed, so there is nothing to download and the result is the same
on every run on the same machine.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image, ImageDraw
from torch import nn

HERE = Path(__file__).parent
SEED = 20
SIDE = 64
CELL = 8
GRID = SIDE // CELL
CLASSES = ["circle", "square", "triangle"]
STEPS = {"detector": 1400, "segmenter": 700}
BATCH_ROWS = 32
SCORE_THRESHOLD = 0.5
IOU_THRESHOLD = 0.45


@dataclass
class Scene:
    """A picture, its shapes as (class, x1, y1, x2, y2), and the class of each pixel, 0 for the background."""

    pixels: np.ndarray
    shapes: list[tuple[int, int, int, int, int]]
    mask: np.ndarray


def draw_scene(random: np.random.Generator) -> Scene:
    image = Image.new("RGB", (SIDE, SIDE), tuple(int(v) for v in random.integers(0, 70, 3)))
    mask = Image.new("L", (SIDE, SIDE), 0)
    shapes: list[tuple[int, int, int, int, int]] = []
    for _ in range(int(random.integers(1, 4))):
        size = int(random.integers(12, 25))
        x, y = (int(v) for v in random.integers(1, SIDE - size - 1, 2))
        box = (x, y, x + size, y + size)
        if any(overlaps(box, other[1:]) for other in shapes):
            continue
        kind = int(random.integers(len(CLASSES)))
        draw_shape(ImageDraw.Draw(image), kind, box, tuple(int(v) for v in random.integers(120, 256, 3)))
        draw_shape(ImageDraw.Draw(mask), kind, box, kind + 1)
        shapes.append((kind, *box))
    noisy = np.asarray(image).astype(np.int16) + random.integers(-12, 13, (SIDE, SIDE, 3))
    return Scene(noisy.clip(0, 255).astype(np.uint8), shapes, np.asarray(mask))


def draw_shape(draw: ImageDraw.ImageDraw, kind: int, box: tuple[int, int, int, int], fill) -> None:
    x1, y1, x2, y2 = box
    if CLASSES[kind] == "circle":
        draw.ellipse(box, fill=fill)
    elif CLASSES[kind] == "square":
        draw.rectangle(box, fill=fill)
    else:
        draw.polygon([((x1 + x2) // 2, y1), (x1, y2), (x2, y2)], fill=fill)


def overlaps(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


class Detector(nn.Module):
    """One prediction per cell of 8 x 8 pixels, as YOLO exports have it: [rows, 4 + classes, cells]."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(*block(3, 16), *block(16, 32), *block(32, 48), *block(48, 48, stride=1))
        self.head = nn.Conv2d(48, 4 + len(CLASSES), 1)
        centres = (torch.arange(GRID) + 0.5) * CELL
        self.register_buffer("grid_x", centres.repeat(GRID))
        self.register_buffer("grid_y", centres.repeat_interleave(GRID))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        raw = self.head(self.backbone(images)).flatten(2)
        x = self.grid_x + torch.tanh(raw[:, 0]) * CELL
        y = self.grid_y + torch.tanh(raw[:, 1]) * CELL
        sizes = torch.sigmoid(raw[:, 2:4]) * SIDE
        scores = torch.sigmoid(raw[:, 4:])
        return torch.cat([x.unsqueeze(1), y.unsqueeze(1), sizes, scores], 1)


class Segmenter(nn.Module):
    """Logits of every class for every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *block(3, 16, stride=1),
            *block(16, 24),
            *block(24, 32),
            *block(32, 32, stride=1),
            nn.Upsample(scale_factor=4, mode="nearest"),
        )
        self.head = nn.Conv2d(3 + 32, 1 + len(CLASSES), 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(torch.cat([images, self.layers(images)], 1))


def block(inputs: int, outputs: int, stride: int = 2) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]


def images_of(scenes: list[Scene]) -> torch.Tensor:
    """Bytes to the models' input: 0..1, [rows, channels, height, width]."""
    stacked = np.stack([scene.pixels for scene in scenes]).astype(np.float32) / 255
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous()


def detector_loss(found: torch.Tensor, scenes: list[Scene]) -> torch.Tensor:
    """Every cell near the centre of a shape predicts it; all the others predict nothing."""
    wanted = torch.zeros(len(scenes), len(CLASSES), GRID * GRID)
    box_loss = torch.zeros(())
    for row, scene in enumerate(scenes):
        for kind, x1, y1, x2, y2 in scene.shapes:
            box = torch.tensor([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], dtype=torch.float32)
            cell = int(box[1] // CELL) * GRID + int(box[0] // CELL)
            wanted[row, kind, cell] = 1
            box_loss = box_loss + (found[row, :4, cell] - box).abs().mean()
    scores = nn.functional.binary_cross_entropy(found[:, 4:], wanted, reduction="sum")
    return (scores + 0.5 * box_loss) / len(scenes)


def segmenter_loss(logits: torch.Tensor, scenes: list[Scene]) -> torch.Tensor:
    wanted = torch.from_numpy(np.stack([scene.mask for scene in scenes]).astype(np.int64))
    return nn.functional.cross_entropy(logits, wanted, weight=torch.tensor([0.4, 1.0, 1.0, 1.0]))


def train(name: str, model: nn.Module, loss_of) -> nn.Module:
    random = np.random.default_rng(SEED)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS[name])
    for _ in range(STEPS[name]):
        scenes = [draw_scene(random) for _ in range(BATCH_ROWS)]
        loss = loss_of(model(images_of(scenes)), scenes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def export(model: nn.Module, path: Path, output: str) -> None:
    torch.onnx.export(
        model,
        (torch.zeros(2, 3, SIDE, SIDE),),
        path,
        input_names=["images"],
        output_names=[output],
        dynamic_axes={"images": {0: "batch"}, output: {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(path), full_check=True)


def iou(a: list[float], b: list[float]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    inner = width * height
    return inner / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner)


def detections(cells: torch.Tensor) -> list[dict]:
    """Non-maximum suppression per class, the most certain first: the reference for the server's."""
    candidates = []
    for x, y, width, height, *scores in cells.T.tolist():
        kind = max(range(len(CLASSES)), key=lambda index: scores[index])
        if scores[kind] >= SCORE_THRESHOLD:
            box = [max(0, x - width / 2), max(0, y - height / 2), min(SIDE, x + width / 2), min(SIDE, y + height / 2)]
            candidates.append((scores[kind], kind, box))
    kept: list[tuple[float, int, list[float]]] = []
    for score, kind, box in sorted(candidates, key=lambda each: -each[0]):
        if all(other != kind or iou(box, kept_box) <= IOU_THRESHOLD for _, other, kept_box in kept):
            kept.append((score, kind, box))
    return [{CLASSES[kind]: [round(v, 3) for v in box], "score": round(score, 5)} for score, kind, box in kept]


def found_all(answer: list[dict], scene: Scene) -> bool:
    """Whether every shape, and nothing else, was found with the right class and an overlap of half."""
    boxes = [(kind, box) for each in answer for kind, box in each.items() if kind != "score"]
    if len(boxes) != len(scene.shapes):
        return False
    return all(
        any(kind == CLASSES[wanted] and iou(box, [float(v) for v in corners]) > 0.5 for kind, box in boxes)
        for wanted, *corners in scene.shapes
    )


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    detector = train("detector", Detector(), detector_loss)
    segmenter = train("segmenter", Segmenter(), segmenter_loss)
    export(detector, HERE / "detector.onnx", "predictions")
    export(segmenter, HERE / "segmenter.onnx", "logits")
    random = np.random.default_rng(SEED + 1)
    held_out = [draw_scene(random) for _ in range(500)]
    with torch.no_grad():
        cells = detector(images_of(held_out))
        probabilities = segmenter(images_of(held_out)).softmax(1)
    answers = [detections(each) for each in cells]
    complete = sum(found_all(answer, scene) for answer, scene in zip(answers, held_out)) / len(held_out)
    masks = probabilities.argmax(1).numpy()
    right = float((masks == np.stack([scene.mask for scene in held_out])).mean())
    samples = [index for index, scene in enumerate(held_out) if len(scene.shapes) == 3][:4]
    (HERE / "samples").mkdir(exist_ok=True)
    expected = {}
    for number, index in enumerate(samples):
        Image.fromarray(held_out[index].pixels).save(HERE / "samples" / f"{number}.png")
        expected[f"{number}.png"] = {
            "detections": answers[index],
            "mask": ["".join(str(kind) for kind in row) for row in masks[index]],
            "certainty": round(float(probabilities[index].amax(0).mean()), 6),
        }
    write_json("expected.json", expected)
    report = {"heldOutImages": len(held_out), "completelyDetected": round(complete, 4), "pixelAccuracy": round(right, 4)}
    write_json("accuracy.json", report)
    print(f"{complete:.1%} of {len(held_out)} held-out images completely detected, {right:.2%} of their pixels right")


def write_json(name: str, value: object) -> None:
    (HERE / name).write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    main()
