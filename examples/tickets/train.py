"""Trains the tickets model and its tokenizer, exports both, and writes held-out requests with their answers.

Data: letters to a shop's support, made from a small grammar with a fixed seed, so there is nothing to download and
the result is the same on every run on the same machine.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py
"""

import json
import random
from pathlib import Path

import onnx
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn

HERE = Path(__file__).parent
SEED = 20
EPOCHS = 12
BATCH_ROWS = 64
VOCABULARY = 400
WIDTH = 32

LABELS = ["billing", "delivery", "technical"]
OPENINGS = ["", "Hello, ", "Dear team, ", "Hi there! ", "Good morning, ", "Once again: "]
CLOSINGS = ["", " Please help.", " Thanks!", " What should I do now?", " This is urgent.", " Kind regards."]
THINGS = ["the lamp", "my headphones", "the blue chair", "a coffee machine", "the keyboard", "our new router"]
SENTENCES = {
    "billing": [
        "I was charged twice for {}.",
        "The invoice for {} shows the wrong amount.",
        "Where is the refund for {}?",
        "My card was declined when I paid for {}.",
        "You billed {} although I cancelled the order.",
        "Can I pay for {} in two instalments?",
    ],
    "delivery": [
        "The parcel with {} has not arrived yet.",
        "Tracking says {} was handed to a neighbour, but nobody has it.",
        "Please send {} to my new address instead.",
        "The courier left {} in the rain.",
        "When will {} be shipped?",
        "The box was open and {} was missing.",
    ],
    "technical": [
        "After the last update {} does not switch on any more.",
        "How do I reset {} to its factory settings?",
        "The app cannot find {}.",
        "An error code blinks on {} every minute.",
        "Since yesterday {} makes a strange noise.",
        "I cannot connect {} to the wireless network.",
    ],
}


def letters(generator: random.Random, count: int) -> list[tuple[str, int]]:
    """Texts with their label; the thing and the courtesies say nothing about it."""
    rows = []
    for _ in range(count):
        label = generator.randrange(len(LABELS))
        sentences = generator.sample(SENTENCES[LABELS[label]], generator.choice([1, 1, 2]))
        body = " ".join(each.format(generator.choice(THINGS)) for each in sentences)
        rows.append((generator.choice(OPENINGS) + body + generator.choice(CLOSINGS), label))
    return rows


def train_tokenizer(texts: list[str]) -> Tokenizer:
    """WordPiece as BERT has it: lower case, [CLS] … [SEP]."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


class Tickets(nn.Module):
    """The mean of the token embeddings that the mask keeps, and two layers."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, WIDTH, padding_idx=0)
        self.layers = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, len(LABELS)))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        mask = attention_mask.unsqueeze(-1).to(torch.float32)
        mean = (self.embedding(input_ids) * mask).sum(1) / mask.sum(1).clamp(min=1)
        return self.layers(mean)


def encode(tokenizer: Tokenizer, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    encodings = tokenizer.encode_batch(texts)
    tokenizer.no_padding()
    ids = torch.tensor([each.ids for each in encodings])
    return ids, torch.tensor([each.attention_mask for each in encodings])


def train(tokenizer: Tokenizer, rows: list[tuple[str, int]]) -> Tickets:
    torch.manual_seed(SEED)
    model = Tickets(tokenizer.get_vocab_size())
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    generator = random.Random(SEED)
    for _ in range(EPOCHS):
        shuffled = generator.sample(rows, len(rows))
        for start in range(0, len(shuffled), BATCH_ROWS):
            texts, labels = zip(*shuffled[start : start + BATCH_ROWS])
            loss = nn.functional.cross_entropy(model(*encode(tokenizer, list(texts))), torch.tensor(labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def export(model: Tickets, path: Path) -> None:
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        model,
        (torch.ones(2, 4, dtype=torch.int64), torch.ones(2, 4, dtype=torch.int64)),
        path,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(path), full_check=True)


def answers(tokenizer: Tokenizer, model: Tickets, texts: list[str]) -> list[dict[str, float]]:
    """Each text alone, without padding: the reference for the server, which pads and batches."""
    found = []
    for text in texts:
        with torch.no_grad():
            row = model(*encode(tokenizer, [text])).softmax(1)[0]
        found.append({label: round(float(p), 6) for label, p in zip(LABELS, row)})
    return found


def main() -> None:
    torch.set_num_threads(1)
    generator = random.Random(SEED)
    rows, held_out = letters(generator, 3000), letters(generator, 600)
    tokenizer = train_tokenizer([text for text, _ in rows])
    model = train(tokenizer, rows)
    right = sum(
        max(answer, key=answer.get) == LABELS[label]
        for answer, (_, label) in zip(answers(tokenizer, model, [text for text, _ in held_out]), held_out)
    )
    accuracy = right / len(held_out)
    export(model, HERE / "model.onnx")
    tokenizer.save(str(HERE / "tokenizer.json"), pretty=False)
    requests = [text for text, _ in held_out[:8]] + ["My refund for the parcel shows an error code."]
    expected = [
        {"text": text, "tokens": tokenizer.encode(text).ids, "answer": answer}
        for text, answer in zip(requests, answers(tokenizer, model, requests))
    ]
    write_json("index_to_name.json", {str(index): label for index, label in enumerate(LABELS)})
    write_json("expected.json", expected)
    report = {"trainingRows": len(rows), "heldOutRows": len(held_out), "accuracy": round(accuracy, 4)}
    write_json("accuracy.json", report)
    print(f"{accuracy:.2%} of {len(held_out)} held-out letters are answered correctly")


def write_json(name: str, value: object) -> None:
    (HERE / name).write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    main()
