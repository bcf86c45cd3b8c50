"""Asks a server over V2 gRPC with stubs that grpcio-tools makes from the published files.

Usage: client.py <directory of .proto files> <host:port>
Prints one line for each claim that holds; ends with an exception at the first one that does not.
"""

import struct
import sys
import tempfile
from pathlib import Path

import grpc
from grpc_tools import protoc

FILES = ["inference.proto", "health.proto"]


def stubs(directory: str):
    made = tempfile.mkdtemp()
    options = [f"-I{directory}", f"--python_out={made}", f"--grpc_python_out={made}"]
    files = [str(Path(directory) / name) for name in FILES]
    if protoc.main(["protoc", *options, *files]) != 0:
        raise RuntimeError("the published files do not compile")
    sys.path.insert(0, made)
    import health_pb2, health_pb2_grpc, inference_pb2, inference_pb2_grpc

    return health_pb2, health_pb2_grpc, inference_pb2, inference_pb2_grpc


def claim(text: str, holds: bool) -> None:
    if not holds:
        raise AssertionError(text)
    print(text)


def main(directory: str, target: str) -> None:
    health, health_grpc, v2, v2_grpc = stubs(directory)
    with grpc.insecure_channel(target) as channel:
        server = v2_grpc.GRPCInferenceServiceStub(channel)

        status = health_grpc.HealthStub(channel).Check(health.HealthCheckRequest())
        claim("health", status.status == health.HealthCheckResponse.SERVING)
        claim("live", server.ServerLive(v2.ServerLiveRequest()).live)
        claim("ready", server.ServerReady(v2.ServerReadyRequest()).ready)

        metadata = server.ModelMetadata(v2.ModelMetadataRequest(name="add"))
        claim("metadata", [each.name for each in metadata.inputs] == ["a", "b"])

        def request(id: str, *values: float):
            inputs = [
                v2.ModelInferRequest.InferInputTensor(name=name, datatype="FP32", shape=[1, 2]) for name in "ab"
            ]
            raw = struct.pack("<2f", *values)
            return v2.ModelInferRequest(model_name="add", id=id, inputs=inputs, raw_input_contents=[raw, raw])

        answer = server.ModelInfer(request("one", 0.5, -2))
        claim("infer", struct.unpack("<2f", answer.raw_output_contents[0]) == (1, -4) and answer.id == "one")

        typed = request("typed", 0, 0)
        del typed.raw_input_contents[:]
        for each in typed.inputs:
            each.contents.fp32_contents.extend([3, 4])
        answer = server.ModelInfer(typed)
        claim("typed contents", struct.unpack("<2f", answer.raw_output_contents[0]) == (6, 8))

        wrong = v2.ModelInferRequest(model_name="nope", id="wrong")
        sent = [request("a", 1, 1), wrong, request("b", 2, 2)]
        answers = list(server.ModelStreamInfer(iter(sent)))
        ids = [each.infer_response.id for each in answers]
        failed = [each.error_message != "" for each in answers]
        claim("stream", ids == ["a", "wrong", "b"] and failed == [False, True, False])

        try:
            server.ModelInfer(wrong)
            claim("unknown model", False)
        except grpc.RpcError as error:
            claim("unknown model", error.code() == grpc.StatusCode.NOT_FOUND)

        config = server.ModelConfig(v2.ModelConfigRequest(name="add")).config
        claim("configuration", config.name == "add" and config.input[0].data_type == v2.TYPE_FP32)

        [statistics] = server.ModelStatistics(v2.ModelStatisticsRequest(name="add")).model_stats
        claim("statistics", statistics.inference_count == 4)


main(*sys.argv[1:])
