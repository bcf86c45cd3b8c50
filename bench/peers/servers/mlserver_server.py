"""MLServer with its default settings: `mlserver_server.py <model> <port>`."""

import asyncio
import socket
import sys

from mlserver import MLServer
from mlserver.settings import ModelParameters, ModelSettings, Settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def main(model_path: str, port: int) -> None:
    settings = Settings(
        host="127.0.0.1",
        http_port=port,
        grpc_port=free_port(),
        metrics_port=free_port(),
        debug=False,
    )
    model = ModelSettings(
        name="m",
        implementation="mlserver_runtime.OnnxRuntime",
        parameters=ModelParameters(uri=model_path),
    )
    await MLServer(settings).start([model])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
