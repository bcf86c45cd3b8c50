"""BentoML with its default settings: `bentoml_server.py <model> <port>`."""

import os
import sys

import bentoml

from engine import Engine


@bentoml.service
class Predictor:
    def __init__(self) -> None:
        self.engine = Engine(os.environ["MODEL_PATH"])

    @bentoml.api
    def predict(self, x: list[list[float]]) -> dict[str, list[list[float]]]:
        return {"y": self.engine.predict(x)}


if __name__ == "__main__":
    os.environ["MODEL_PATH"] = sys.argv[1]
    os.execv(
        sys.executable,
        [
            *[sys.executable, "-m", "bentoml", "serve", "bentoml_server:Predictor"],
            *["--host", "127.0.0.1", "--port", sys.argv[2]],
            *["--working-dir", os.path.dirname(os.path.abspath(__file__))],
        ],
    )
