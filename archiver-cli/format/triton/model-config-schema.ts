import {
  bool,
  double,
  enumeration,
  int32,
  int64,
  integerMapOf,
  mapOf,
  message,
  repeated,
  string,
  uint32,
  uint64,
  type ProtoValue,
} from '../text-proto/schema.ts'

/*
 * `inference.ModelConfig`, field by field.
 * https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto
 */

export const DATA_TYPE_NAMES = [
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
] as const

const dataType = enumeration(...DATA_TYPE_NAMES)
const dims = repeated(int64)
const reshape = message({ shape: dims })

const input = message({
  name: string,
  data_type: dataType,
  format: enumeration('FORMAT_NONE', 'FORMAT_NHWC', 'FORMAT_NCHW'),
  dims,
  reshape,
  is_shape_tensor: bool,
  allow_ragged_batch: bool,
  optional: bool,
  is_non_linear_format_io: bool,
})

const output = message({
  name: string,
  data_type: dataType,
  dims,
  reshape,
  label_filename: string,
  is_shape_tensor: bool,
  is_non_linear_format_io: bool,
})

const kinds = [
  'BATCH_ELEMENT_COUNT',
  'BATCH_ACCUMULATED_ELEMENT_COUNT',
  'BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO',
  'BATCH_MAX_ELEMENT_COUNT_AS_SHAPE',
  'BATCH_ITEM_SHAPE',
  'BATCH_ITEM_SHAPE_FLATTEN',
] as const

const batchInput = message({
  kind: enumeration(...kinds),
  target_name: repeated(string),
  data_type: dataType,
  source_input: repeated(string),
})

const batchOutput = message({
  target_name: repeated(string),
  kind: enumeration('BATCH_SCATTER_WITH_INPUT_SHAPE'),
  source_input: repeated(string),
})

const versionPolicy = message(
  {
    latest: message({ num_versions: uint32 }),
    all: message({}),
    specific: message({ versions: repeated(int64) }),
  },
  [['latest', 'all', 'specific']],
)

const rateLimiter = message({
  resources: repeated(message({ name: string, global: bool, count: uint32 })),
  priority: uint32,
})

const instanceGroup = message({
  name: string,
  kind: enumeration('KIND_AUTO', 'KIND_GPU', 'KIND_CPU', 'KIND_MODEL'),
  count: int32,
  rate_limiter: rateLimiter,
  gpus: repeated(int32),
  secondary_devices: repeated(message({ kind: enumeration('KIND_NVDLA'), device_id: int64 })),
  profile: repeated(string),
  passive: bool,
  host_policy: string,
})

const accelerator = message({ name: string, parameters: mapOf(string) })
const pinnedMemory = message({ enable: bool })

const optimization = message({
  graph: message({ level: int32 }),
  priority: enumeration('PRIORITY_DEFAULT', 'PRIORITY_MAX', 'PRIORITY_MIN'),
  cuda: message({
    graphs: bool,
    busy_wait_events: bool,
    graph_spec: repeated(
      message({
        batch_size: int32,
        input: mapOf(message({ dim: dims })),
        graph_lower_bound: message({ batch_size: int32, input: mapOf(message({ dim: dims })) }),
      }),
    ),
    output_copy_stream: bool,
  }),
  execution_accelerators: message({
    gpu_execution_accelerator: repeated(accelerator),
    cpu_execution_accelerator: repeated(accelerator),
  }),
  input_pinned_memory: pinnedMemory,
  output_pinned_memory: pinnedMemory,
  gather_kernel_buffer_threshold: uint32,
  eager_batching: bool,
})

const queuePolicy = message({
  timeout_action: enumeration('REJECT', 'DELAY'),
  default_timeout_microseconds: uint64,
  allow_timeout_override: bool,
  max_queue_size: uint32,
})

const dynamicBatching = message({
  preferred_batch_size: repeated(int32),
  max_queue_delay_microseconds: uint64,
  preserve_ordering: bool,
  priority_levels: uint64,
  default_priority_level: uint64,
  default_queue_policy: queuePolicy,
  priority_queue_policy: integerMapOf(queuePolicy),
})

const control = message({
  kind: enumeration(
    'CONTROL_SEQUENCE_START',
    'CONTROL_SEQUENCE_READY',
    'CONTROL_SEQUENCE_END',
    'CONTROL_SEQUENCE_CORRID',
  ),
  int32_false_true: repeated(int32),
  fp32_false_true: repeated(double),
  bool_false_true: repeated(bool),
  data_type: dataType,
})

const initialState = message({
  data_type: dataType,
  dims,
  zero_data: bool,
  data_file: string,
  name: string,
})

const sequenceBatching = message(
  {
    direct: message({ max_queue_delay_microseconds: uint64, minimum_slot_utilization: double }),
    oldest: message({
      max_candidate_sequences: int32,
      preferred_batch_size: repeated(int32),
      max_queue_delay_microseconds: uint64,
      preserve_ordering: bool,
    }),
    max_sequence_idle_microseconds: uint64,
    control_input: repeated(message({ name: string, control: repeated(control) })),
    state: repeated(
      message({
        input_name: string,
        output_name: string,
        data_type: dataType,
        dims,
        initial_state: repeated(initialState),
        use_same_buffer_for_input_output: bool,
        use_growable_memory: bool,
      }),
    ),
    iterative_sequence: bool,
  },
  [['direct', 'oldest']],
)

const ensembleScheduling = message({
  step: repeated(
    message({
      model_name: string,
      model_version: int64,
      input_map: mapOf(string),
      output_map: mapOf(string),
      model_namespace: string,
    }),
  ),
  max_inflight_requests: uint32,
})

const warmupInput = message(
  { data_type: dataType, dims, zero_data: bool, random_data: bool, input_data_file: string },
  [['zero_data', 'random_data', 'input_data_file']],
)

const metrics = message({
  metric_control: repeated(
    message({
      metric_identifier: message({ family: string }),
      histogram_options: message({ buckets: repeated(double) }),
    }),
  ),
})

export const tritonConfigSchema = message(
  {
    name: string,
    platform: string,
    backend: string,
    runtime: string,
    version_policy: versionPolicy,
    max_batch_size: int32,
    input: repeated(input),
    output: repeated(output),
    batch_input: repeated(batchInput),
    batch_output: repeated(batchOutput),
    optimization,
    dynamic_batching: dynamicBatching,
    sequence_batching: sequenceBatching,
    ensemble_scheduling: ensembleScheduling,
    instance_group: repeated(instanceGroup),
    default_model_filename: string,
    cc_model_filenames: mapOf(string),
    metric_tags: mapOf(string),
    parameters: mapOf(message({ string_value: string })),
    model_warmup: repeated(
      message({ name: string, batch_size: uint32, inputs: mapOf(warmupInput), count: uint32 }),
    ),
    model_operations: message({ op_library_filename: repeated(string) }),
    model_transaction_policy: message({ decoupled: bool }),
    model_repository_agents: message({
      agents: repeated(message({ name: string, parameters: mapOf(string) })),
    }),
    response_cache: message({ enable: bool }),
    model_metrics: metrics,
  },
  [['dynamic_batching', 'sequence_batching', 'ensemble_scheduling']],
)

/** A model's configuration in Triton's words: what a `config.pbtxt` holds. */
export type TritonConfig = ProtoValue<typeof tritonConfigSchema>
export type TritonInput = NonNullable<TritonConfig['input']>[number]
export type TritonOutput = NonNullable<TritonConfig['output']>[number]
