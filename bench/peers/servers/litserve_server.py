"""LitServe with its default settings: `litserve_server.py <model> <port>`."""

import sys

import litserve

from engine import Engine


class Api(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.engine = Engine(sys.argv[1])

    def decode_request(self, request):
        return request["x"]

    def predict(self, rows):
        return self.engine.predict(rows)

    def encode_response(self, output):
        return {"y": output}


if __name__ == "__main__":
    server = litserve.LitServer(Api(), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
