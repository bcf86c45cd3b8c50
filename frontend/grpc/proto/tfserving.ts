import {
  choosing,
  field,
  inPackage,
  mapEntry,
  merge,
  message,
  nested,
  repeated,
  undecoded,
  type Enum,
  type Message,
} from './message.ts'
import { TENSORFLOW } from './tensorflow.ts'

/*
 * TensorFlow Serving's services, by the package names and field numbers of version 2.20.
 *
 * @see https://github.com/tensorflow/serving/tree/master/tensorflow_serving/apis
 */

const MODEL_SPEC = nested('ModelSpec', 1)
/** Examples hold lists of elements, as tensors do. */
const INPUT = undecoded('Input', 2)

function tensorEntry(): Message {
  const { fields, ...entry } = mapEntry('string', 'tensorflow.TensorProto')
  return { ...entry, fields: { ...fields, value: undecoded('tensorflow.TensorProto', 2) } }
}

const PREDICTION = inPackage('tensorflow.serving', {
  ModelSpec: choosing(
    { version_choice: ['version', 'version_label'] },
    message({
      name: field('string', 1),
      version: nested('google.protobuf.Int64Value', 2),
      version_label: field('string', 4),
      signature_name: field('string', 3),
    }),
  ),
  PredictRequest: message(
    { model_spec: MODEL_SPEC, inputs: repeated('InputsEntry', 2), output_filter: repeated('string', 3) },
    { InputsEntry: tensorEntry() },
  ),
  PredictResponse: message(
    { outputs: repeated('OutputsEntry', 1), model_spec: nested('ModelSpec', 2) },
    { OutputsEntry: tensorEntry() },
  ),
  SignatureDefMap: message(
    { signature_def: repeated('SignatureDefEntry', 1) },
    { SignatureDefEntry: mapEntry('string', 'tensorflow.SignatureDef') },
  ),
  GetModelMetadataRequest: message({ model_spec: MODEL_SPEC, metadata_field: repeated('string', 2) }),
  GetModelMetadataResponse: message(
    { model_spec: MODEL_SPEC, metadata: repeated('MetadataEntry', 2) },
    { MetadataEntry: mapEntry('string', 'google.protobuf.Any') },
  ),
})

const EXAMPLES = inPackage('tensorflow.serving', {
  ExampleList: message({ examples: repeated('tensorflow.Example', 1) }),
  ExampleListWithContext: message({
    examples: repeated('tensorflow.Example', 1),
    context: nested('tensorflow.Example', 2),
  }),
  Input: choosing(
    { kind: ['example_list', 'example_list_with_context'] },
    message({
      example_list: nested('ExampleList', 1),
      example_list_with_context: nested('ExampleListWithContext', 2),
    }),
  ),
  Class: message({ label: field('string', 1), score: field('float', 2) }),
  Classifications: message({ classes: repeated('Class', 1) }),
  ClassificationResult: message({ classifications: repeated('Classifications', 1) }),
  ClassificationRequest: message({ model_spec: MODEL_SPEC, input: INPUT }),
  ClassificationResponse: message({
    result: nested('ClassificationResult', 1),
    model_spec: nested('ModelSpec', 2),
  }),
  Regression: message({ value: field('float', 1) }),
  RegressionResult: message({ regressions: repeated('Regression', 1) }),
  RegressionRequest: message({ model_spec: MODEL_SPEC, input: INPUT }),
  RegressionResponse: message({ result: nested('RegressionResult', 1), model_spec: nested('ModelSpec', 2) }),
  InferenceTask: message({ model_spec: MODEL_SPEC, method_name: field('string', 2) }),
  InferenceResult: choosing(
    { result: ['classification_result', 'regression_result'] },
    message({
      model_spec: MODEL_SPEC,
      classification_result: nested('ClassificationResult', 2),
      regression_result: nested('RegressionResult', 3),
    }),
  ),
  MultiInferenceRequest: message({ tasks: repeated('InferenceTask', 1), input: INPUT }),
  MultiInferenceResponse: message({ results: repeated('InferenceResult', 1) }),
})

const STATE: Enum = { values: { UNKNOWN: 0, START: 10, LOADING: 20, AVAILABLE: 30, UNLOADING: 40, END: 50 } }

const STATUS = inPackage('tensorflow.serving', {
  StatusProto: message({
    error_code: nested('tensorflow.error.Code', 1),
    error_message: field('string', 2),
  }),
  ModelVersionStatus: message(
    { version: field('int64', 1), state: nested('State', 2), status: nested('StatusProto', 3) },
    { State: STATE },
  ),
  GetModelStatusRequest: message({ model_spec: MODEL_SPEC }),
  GetModelStatusResponse: message({ model_version_status: repeated('ModelVersionStatus', 1) }),
})

const CONFIGURATION = inPackage('tensorflow.serving', {
  FileSystemStoragePathSourceConfig: message(
    {},
    {
      ServableVersionPolicy: choosing(
        { policy_choice: ['latest', 'all', 'specific'] },
        message(
          { latest: nested('Latest', 100), all: nested('All', 101), specific: nested('Specific', 102) },
          {
            Latest: message({ num_versions: field('uint32', 1) }),
            All: message({}),
            Specific: message({ versions: repeated('int64', 1) }),
          },
        ),
      ),
    },
  ),
  ModelConfig: message(
    {
      name: field('string', 1),
      base_path: field('string', 2),
      model_platform: field('string', 4),
      model_version_policy: nested('FileSystemStoragePathSourceConfig.ServableVersionPolicy', 7),
      version_labels: repeated('VersionLabelsEntry', 8),
    },
    { VersionLabelsEntry: mapEntry('string', 'int64') },
  ),
  ModelConfigList: message({ config: repeated('ModelConfig', 1) }),
  ModelServerConfig: choosing(
    { config: ['model_config_list', 'custom_model_config'] },
    message({
      model_config_list: nested('ModelConfigList', 1),
      custom_model_config: nested('google.protobuf.Any', 2),
    }),
  ),
  Metric: choosing(
    { value: ['int64_value_increase'] },
    message({ name: field('string', 1), int64_value_increase: field('int64', 2) }),
  ),
  ReloadConfigRequest: message({
    config: nested('ModelServerConfig', 1),
    metric_names: repeated('string', 2),
  }),
  ReloadConfigResponse: message({ status: nested('StatusProto', 1), metric: repeated('Metric', 2) }),
})

const SERVICES = inPackage('tensorflow.serving', {
  PredictionService: {
    methods: {
      Classify: { requestType: 'ClassificationRequest', responseType: 'ClassificationResponse' },
      Regress: { requestType: 'RegressionRequest', responseType: 'RegressionResponse' },
      Predict: { requestType: 'PredictRequest', responseType: 'PredictResponse' },
      MultiInference: { requestType: 'MultiInferenceRequest', responseType: 'MultiInferenceResponse' },
      GetModelMetadata: { requestType: 'GetModelMetadataRequest', responseType: 'GetModelMetadataResponse' },
    },
  },
  ModelService: {
    methods: {
      GetModelStatus: { requestType: 'GetModelStatusRequest', responseType: 'GetModelStatusResponse' },
      HandleReloadConfigRequest: {
        requestType: 'ReloadConfigRequest',
        responseType: 'ReloadConfigResponse',
      },
    },
  },
})

export const TFSERVING = merge(TENSORFLOW, PREDICTION, EXAMPLES, STATUS, CONFIGURATION, SERVICES)
