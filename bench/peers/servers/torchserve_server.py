"""TorchServe with its default settings: `torchserve_server.py <model> <port>`."""

import os
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pack(model_path: str, store: str) -> None:
    subprocess.run(
        [
            *[sys.executable, "-m", "model_archiver.model_packaging"],
            *["--model-name", "m", "--version", "1.0", "--export-path", store],
            *["--serialized-file", model_path, "--handler", os.path.join(HERE, "torchserve_handler.py")],
        ],
        check=True,
    )


def properties(port: str) -> str:
    address = "http://127.0.0.1:"
    return "\n".join(
        [
            f"inference_address={address}{port}",
            f"management_address={address}{free_port()}",
            f"metrics_address={address}{free_port()}",
            f"grpc_inference_port={free_port()}",
            f"grpc_management_port={free_port()}",
            "default_workers_per_model=1",
            "disable_token_authorization=true",
            "number_of_gpu=0",
        ]
    )


if __name__ == "__main__":
    store = tempfile.mkdtemp()
    pack(sys.argv[1], store)
    config = os.path.join(store, "config.properties")
    with open(config, "w") as file:
        file.write(properties(sys.argv[2]))
    os.environ["LOG_LOCATION"] = store
    os.environ["METRICS_LOCATION"] = store
    os.chdir(store)
    arguments = ["--start", "--foreground", "--ncs", "--model-store", store, "--models", "m=m.mar"]
    os.execv(
        sys.executable,
        [sys.executable, "-m", "ts.model_server", *arguments, "--ts-config", config, "--disable-token-auth"],
    )
