"""An ONNX runtime for MLServer, which ships none."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from engine import Engine


class OnnxRuntime(MLModel):
    async def load(self) -> bool:
        self._engine = Engine(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        output = NumpyCodec.encode_output("y", self._engine.run(rows))
        return InferenceResponse(model_name=self.name, outputs=[output])
