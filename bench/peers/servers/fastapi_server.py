"""FastAPI and uvicorn: `fastapi_server.py <model> <port> [processes]`."""

import os
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from engine import Engine


class Rows(BaseModel):
    x: list[list[float]]


def create_app() -> FastAPI:
    engine = Engine(os.environ["MODEL_PATH"])
    app = FastAPI()

    # On the event loop: a hop to the thread pool costs more than these models take.
    @app.post("/predict")
    async def predict(body: Rows) -> dict[str, list[list[float]]]:
        return {"y": engine.predict(body.x)}

    return app


if __name__ == "__main__":
    model_path, port, *processes = sys.argv[1:]
    os.environ["MODEL_PATH"] = model_path
    uvicorn.run(
        "fastapi_server:create_app",
        factory=True,
        host="127.0.0.1",
        port=int(port),
        workers=int(processes[0]) if processes else 1,
        access_log=False,
        log_level="warning",
    )
