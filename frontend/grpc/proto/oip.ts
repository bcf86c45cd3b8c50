import {
  choosing,
  field,
  inPackage,
  mapEntry,
  message,
  nested,
  repeated,
  undecoded,
  type Message,
  type Service,
} from './message.ts'
import { OIP_EXTENSIONS } from './oip-extensions.ts'

/*
 * The Open Inference Protocol with Triton's extensions, by their package name and field numbers.
 */
const NAME_AND_VERSION = { name: field('string', 1), version: field('string', 2) }
const MODEL = message(NAME_AND_VERSION)
const EMPTY = message({})
/** The entry of a map of parameters. */
const INFER_PARAMETERS = { ParametersEntry: mapEntry('string', 'InferParameter') }

const HEALTH: Readonly<Record<string, Message>> = {
  ServerLiveRequest: EMPTY,
  ServerLiveResponse: message({ live: field('bool', 1) }),
  ServerReadyRequest: EMPTY,
  ServerReadyResponse: message({ ready: field('bool', 1) }),
  ModelReadyRequest: MODEL,
  ModelReadyResponse: message({ ready: field('bool', 1) }),
}

const METADATA: Readonly<Record<string, Message>> = {
  ServerMetadataRequest: EMPTY,
  ServerMetadataResponse: message({ ...NAME_AND_VERSION, extensions: repeated('string', 3) }),
  ModelMetadataRequest: MODEL,
  ModelMetadataResponse: message(
    {
      name: field('string', 1),
      versions: repeated('string', 2),
      platform: field('string', 3),
      inputs: repeated('TensorMetadata', 4),
      outputs: repeated('TensorMetadata', 5),
      properties: repeated('PropertiesEntry', 6),
    },
    {
      TensorMetadata: message({
        name: field('string', 1),
        datatype: field('string', 2),
        shape: repeated('int64', 3),
      }),
      PropertiesEntry: mapEntry('string', 'string'),
    },
  ),
  ModelConfigRequest: MODEL,
  ModelConfigResponse: message({ config: nested('ModelConfig', 1) }),
}

function tensor(contents: typeof nested): Message {
  return message(
    {
      name: field('string', 1),
      datatype: field('string', 2),
      shape: repeated('int64', 3),
      parameters: repeated('ParametersEntry', 4),
      contents: contents('InferTensorContents', 5),
    },
    INFER_PARAMETERS,
  )
}

const INFERENCE: Readonly<Record<string, Message>> = {
  InferParameter: choosing(
    { parameter_choice: ['bool_param', 'int64_param', 'string_param', 'double_param', 'uint64_param'] },
    message({
      bool_param: field('bool', 1),
      int64_param: field('int64', 2),
      string_param: field('string', 3),
      double_param: field('double', 4),
      uint64_param: field('uint64', 5),
    }),
  ),
  InferTensorContents: message({
    bool_contents: repeated('bool', 1),
    int_contents: repeated('int32', 2),
    int64_contents: repeated('int64', 3),
    uint_contents: repeated('uint32', 4),
    uint64_contents: repeated('uint64', 5),
    fp32_contents: repeated('float', 6),
    fp64_contents: repeated('double', 7),
    bytes_contents: repeated('bytes', 8),
  }),
  ModelInferRequest: message(
    {
      model_name: field('string', 1),
      model_version: field('string', 2),
      id: field('string', 3),
      parameters: repeated('ParametersEntry', 4),
      inputs: repeated('InferInputTensor', 5),
      outputs: repeated('InferRequestedOutputTensor', 6),
      raw_input_contents: repeated('bytes', 7),
    },
    {
      ...INFER_PARAMETERS,
      InferInputTensor: tensor(undecoded),
      InferRequestedOutputTensor: message(
        { name: field('string', 1), parameters: repeated('ParametersEntry', 2) },
        INFER_PARAMETERS,
      ),
    },
  ),
  ModelInferResponse: message(
    {
      model_name: field('string', 1),
      model_version: field('string', 2),
      id: field('string', 3),
      parameters: repeated('ParametersEntry', 4),
      outputs: repeated('InferOutputTensor', 5),
      raw_output_contents: repeated('bytes', 6),
    },
    { ...INFER_PARAMETERS, InferOutputTensor: tensor(nested) },
  ),
  ModelStreamInferResponse: message({
    error_message: field('string', 1),
    infer_response: nested('ModelInferResponse', 2),
  }),
}

/** Each takes and answers the messages of its own name. */
const UNARY_METHODS = [
  'ServerLive',
  'ServerReady',
  'ModelReady',
  'ServerMetadata',
  'ModelMetadata',
  'ModelInfer',
  'ModelConfig',
  'ModelStatistics',
  'RepositoryIndex',
  'RepositoryModelLoad',
  'RepositoryModelUnload',
  'SystemSharedMemoryStatus',
  'SystemSharedMemoryRegister',
  'SystemSharedMemoryUnregister',
  'CudaSharedMemoryStatus',
  'CudaSharedMemoryRegister',
  'CudaSharedMemoryUnregister',
  'TraceSetting',
  'LogSettings',
]

const GRPCInferenceService: Service = {
  methods: {
    ...Object.fromEntries(
      UNARY_METHODS.map((name) => [name, { requestType: `${name}Request`, responseType: `${name}Response` }]),
    ),
    ModelStreamInfer: {
      requestType: 'ModelInferRequest',
      responseType: 'ModelStreamInferResponse',
      requestStream: true,
      responseStream: true,
    },
  },
}

export const OIP = inPackage('inference', {
  ...HEALTH,
  ...METADATA,
  ...INFERENCE,
  ...OIP_EXTENSIONS,
  GRPCInferenceService,
})
