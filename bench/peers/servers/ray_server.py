"""Ray Serve, one replica: `ray_server.py <model> <port>`."""

import signal
import sys

from ray import serve
from starlette.requests import Request

from engine import Engine


@serve.deployment
class Predictor:
    def __init__(self, model_path: str) -> None:
        self.engine = Engine(model_path)

    async def __call__(self, request: Request) -> dict[str, list[list[float]]]:
        body = await request.json()
        return {"y": self.engine.predict(body["x"])}


if __name__ == "__main__":
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[2])})
    serve.run(Predictor.bind(sys.argv[1]), route_prefix="/predict")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pause()
