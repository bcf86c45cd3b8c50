import {
  choosing,
  field,
  inPackage,
  mapEntry,
  message,
  nested,
  numbered,
  repeated,
  type Message,
} from './message.ts'
import { SCHEDULING } from './model-config-scheduling.ts'

/*
 * Triton's description of how a model is served, by its field numbers. It travels in the answer of `ModelConfig`.
 */
const DataType = numbered(
  'TYPE_INVALID',
  'TYPE_BOOL',
  'TYPE_UINT8',
  'TYPE_UINT16',
  'TYPE_UINT32',
  'TYPE_UINT64',
  'TYPE_INT8',
  'TYPE_INT16',
  'TYPE_INT32',
  'TYPE_INT64',
  'TYPE_FP16',
  'TYPE_FP32',
  'TYPE_FP64',
  'TYPE_STRING',
  'TYPE_BF16',
)

const INSTANCES: Readonly<Record<string, Message>> = {
  ModelRateLimiter: message(
    { resources: repeated('Resource', 1), priority: field('uint32', 2) },
    {
      Resource: message({ name: field('string', 1), global: field('bool', 2), count: field('uint32', 3) }),
    },
  ),
  ModelInstanceGroup: message(
    {
      name: field('string', 1),
      count: field('int32', 2),
      gpus: repeated('int32', 3),
      kind: nested('Kind', 4),
      profile: repeated('string', 5),
      rate_limiter: nested('ModelRateLimiter', 6),
      passive: field('bool', 7),
      secondary_devices: repeated('SecondaryDevice', 8),
      host_policy: field('string', 9),
    },
    {
      Kind: numbered('KIND_AUTO', 'KIND_GPU', 'KIND_CPU', 'KIND_MODEL'),
      SecondaryDevice: message(
        { kind: nested('SecondaryDeviceKind', 1), device_id: field('int64', 2) },
        { SecondaryDeviceKind: numbered('KIND_NVDLA') },
      ),
    },
  ),
}

const TENSORS: Readonly<Record<string, Message>> = {
  ModelTensorReshape: message({ shape: repeated('int64', 1) }),
  ModelInput: message(
    {
      name: field('string', 1),
      data_type: nested('DataType', 2),
      format: nested('Format', 3),
      dims: repeated('int64', 4),
      reshape: nested('ModelTensorReshape', 5),
      is_shape_tensor: field('bool', 6),
      allow_ragged_batch: field('bool', 7),
      optional: field('bool', 8),
      is_non_linear_format_io: field('bool', 9),
    },
    { Format: numbered('FORMAT_NONE', 'FORMAT_NHWC', 'FORMAT_NCHW') },
  ),
  ModelOutput: message({
    name: field('string', 1),
    data_type: nested('DataType', 2),
    dims: repeated('int64', 3),
    label_filename: field('string', 4),
    reshape: nested('ModelTensorReshape', 5),
    is_shape_tensor: field('bool', 6),
    is_non_linear_format_io: field('bool', 7),
  }),
  BatchInput: message(
    {
      kind: nested('Kind', 1),
      target_name: repeated('string', 2),
      data_type: nested('DataType', 3),
      source_input: repeated('string', 4),
    },
    {
      Kind: numbered(
        'BATCH_ELEMENT_COUNT',
        'BATCH_ACCUMULATED_ELEMENT_COUNT',
        'BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO',
        'BATCH_MAX_ELEMENT_COUNT_AS_SHAPE',
        'BATCH_ITEM_SHAPE',
        'BATCH_ITEM_SHAPE_FLATTEN',
      ),
    },
  ),
  BatchOutput: message(
    { target_name: repeated('string', 1), kind: nested('Kind', 2), source_input: repeated('string', 3) },
    { Kind: numbered('BATCH_SCATTER_WITH_INPUT_SHAPE') },
  ),
}

const ModelVersionPolicy = choosing(
  { policy_choice: ['latest', 'all', 'specific'] },
  message(
    { latest: nested('Latest', 1), all: nested('All', 2), specific: nested('Specific', 3) },
    {
      Latest: message({ num_versions: field('uint32', 1) }),
      All: message({}),
      Specific: message({ versions: repeated('int64', 1) }),
    },
  ),
)

const ModelOptimizationPolicy = message(
  {
    graph: nested('Graph', 1),
    priority: nested('ModelPriority', 2),
    cuda: nested('Cuda', 3),
    execution_accelerators: nested('ExecutionAccelerators', 4),
    input_pinned_memory: nested('PinnedMemoryBuffer', 5),
    output_pinned_memory: nested('PinnedMemoryBuffer', 6),
    gather_kernel_buffer_threshold: field('uint32', 7),
    eager_batching: field('bool', 8),
  },
  {
    Graph: message({ level: field('int32', 1) }),
    ModelPriority: numbered('PRIORITY_DEFAULT', 'PRIORITY_MAX', 'PRIORITY_MIN'),
    Cuda: message({
      graphs: field('bool', 1),
      busy_wait_events: field('bool', 2),
      output_copy_stream: field('bool', 4),
    }),
    ExecutionAccelerators: message(
      {
        gpu_execution_accelerator: repeated('Accelerator', 1),
        cpu_execution_accelerator: repeated('Accelerator', 2),
      },
      {
        Accelerator: message(
          { name: field('string', 1), parameters: repeated('ParametersEntry', 2) },
          { ParametersEntry: mapEntry('string', 'string') },
        ),
      },
    ),
    PinnedMemoryBuffer: message({ enable: field('bool', 1) }),
  },
)

const ModelWarmup = message(
  {
    name: field('string', 1),
    batch_size: field('uint32', 2),
    inputs: repeated('InputsEntry', 3),
    count: field('uint32', 4),
  },
  {
    Input: choosing(
      { input_data_type: ['zero_data', 'random_data', 'input_data_file'] },
      message({
        data_type: nested('DataType', 1),
        dims: repeated('int64', 2),
        zero_data: field('bool', 3),
        random_data: field('bool', 4),
        input_data_file: field('string', 5),
      }),
    ),
    InputsEntry: mapEntry('string', 'Input'),
  },
)

const ModelRepositoryAgents = message(
  { agents: repeated('Agent', 1) },
  {
    Agent: message(
      { name: field('string', 1), parameters: repeated('ParametersEntry', 2) },
      { ParametersEntry: mapEntry('string', 'string') },
    ),
  },
)

const ModelConfig = choosing(
  { scheduling_choice: ['dynamic_batching', 'sequence_batching', 'ensemble_scheduling'] },
  message(
    {
      name: field('string', 1),
      platform: field('string', 2),
      version_policy: nested('ModelVersionPolicy', 3),
      max_batch_size: field('int32', 4),
      input: repeated('ModelInput', 5),
      output: repeated('ModelOutput', 6),
      instance_group: repeated('ModelInstanceGroup', 7),
      default_model_filename: field('string', 8),
      cc_model_filenames: repeated('CcModelFilenamesEntry', 9),
      metric_tags: repeated('MetricTagsEntry', 10),
      dynamic_batching: nested('ModelDynamicBatching', 11),
      optimization: nested('ModelOptimizationPolicy', 12),
      sequence_batching: nested('ModelSequenceBatching', 13),
      parameters: repeated('ParametersEntry', 14),
      ensemble_scheduling: nested('ModelEnsembling', 15),
      model_warmup: repeated('ModelWarmup', 16),
      backend: field('string', 17),
      model_operations: nested('ModelOperations', 18),
      model_transaction_policy: nested('ModelTransactionPolicy', 19),
      batch_input: repeated('BatchInput', 20),
      batch_output: repeated('BatchOutput', 21),
      model_repository_agents: nested('ModelRepositoryAgents', 23),
      response_cache: nested('ModelResponseCache', 24),
      runtime: field('string', 25),
    },
    {
      CcModelFilenamesEntry: mapEntry('string', 'string'),
      MetricTagsEntry: mapEntry('string', 'string'),
      ParametersEntry: mapEntry('string', 'ModelParameter'),
    },
  ),
)

export const MODEL_CONFIG = inPackage('inference', {
  DataType,
  ...INSTANCES,
  ...TENSORS,
  ModelVersionPolicy,
  ModelOptimizationPolicy,
  ...SCHEDULING,
  ModelParameter: message({ string_value: field('string', 1) }),
  ModelWarmup,
  ModelOperations: message({ op_library_filename: repeated('string', 1) }),
  ModelTransactionPolicy: message({ decoupled: field('bool', 1) }),
  ModelRepositoryAgents,
  ModelResponseCache: message({ enable: field('bool', 1) }),
  ModelConfig,
})
