import type { DataType } from '../../../worker/contract/data-type.ts'
import { isVariable, type TensorMetadata } from '../../../worker/contract/tensor.ts'
import type { VersionDescription } from '../../core/control-plane.ts'
import type { VersionMetadata } from '../../core/data-plane.ts'
import { isJsonObject, type JsonObject } from './json-body.ts'
import { hasRows } from './model-rows.ts'

/** A version, as both planes tell of it. */
export type ConfiguredVersion = {
  readonly metadata: VersionMetadata
  readonly description: Pick<VersionDescription, 'minWorkers' | 'maxBatchDelayMs' | 'settings'>
}

const MICROSECONDS_PER_MS = 1000

/**
 * A version's configuration as Triton's clients know it: the JSON of its `ModelConfig` message, names as in the
 * message, enums by name, defaults included.
 *
 * What an imported configuration said is kept; the rest follows from the graph and the settings. With a batch
 * dimension, `dims` are without it.
 */
export function modelConfiguration(version: ConfiguredVersion): JsonObject {
  const { metadata } = version
  const { tritonConfig = {} } = metadata
  const derived = derivedConfiguration(version)
  return {
    ...derived,
    ...schedulerOf(version, tritonConfig),
    ...tritonConfig,
    name: metadata.model.name,
    input: mergedTensors(derived.input, tritonConfig.input),
    output: mergedTensors(derived.output, tritonConfig.output),
  }
}

function derivedConfiguration({ metadata, description }: ConfiguredVersion) {
  const { inputs, outputs, device, model, outputLabels = {} } = metadata
  const batches = hasRows(metadata)
  const isCpu = device.provider === 'cpu'
  return {
    name: model.name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    runtime: '',
    version_policy: { all: {} },
    max_batch_size: batches ? (metadata.maxRequestRows ?? metadata.maxBatchRows) : 0,
    input: inputs.map((input) => ({
      ...tensorOf(input, batches),
      format: 'FORMAT_NONE',
      is_shape_tensor: false,
      allow_ragged_batch: false,
      optional: false,
      is_non_linear_format_io: false,
    })),
    output: outputs.map((output) => ({
      ...tensorOf(output, batches),
      label_filename: outputLabels[output.name] === undefined ? '' : `${output.name}_labels.txt`,
      is_shape_tensor: false,
      is_non_linear_format_io: false,
    })),
    batch_input: [],
    batch_output: [],
    optimization: {
      priority: 'PRIORITY_DEFAULT',
      input_pinned_memory: { enable: false },
      output_pinned_memory: { enable: false },
      gather_kernel_buffer_threshold: 0,
      eager_batching: false,
    },
    instance_group: [
      {
        name: model.name,
        kind: isCpu ? 'KIND_CPU' : 'KIND_GPU',
        count: description.minWorkers,
        gpus: isCpu ? [] : [device.deviceId],
        secondary_devices: [],
        profile: [],
        passive: false,
        host_policy: '',
      },
    ],
    default_model_filename: 'model.onnx',
    cc_model_filenames: {},
    metric_tags: {},
    parameters: {},
    model_warmup: [],
    model_transaction_policy: { decoupled: false },
  }
}

/** A tensor without dimensions of its own has one of size 1 here, and says that it is reshaped. */
function tensorOf({ name, dtype, shape }: TensorMetadata, batches: boolean) {
  const dims = shape.slice(batches ? 1 : 0).map((size) => (isVariable(size) ? -1 : size))
  return {
    name,
    data_type: typeName(dtype),
    ...(dims.length === 0 ? { dims: [1], reshape: { shape: [] } } : { dims }),
  }
}

function typeName(dtype: DataType): string {
  return dtype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${dtype}`
}

const SCHEDULERS = ['dynamic_batching', 'sequence_batching', 'ensemble_scheduling'] as const

/** How requests are batched: one way of several, and the imported configuration's if it has one. */
function schedulerOf(version: ConfiguredVersion, tritonConfig: JsonObject): JsonObject {
  if (SCHEDULERS.some((name) => tritonConfig[name] !== undefined)) return {}
  const { metadata, description } = version
  const sequences = description.settings.sequenceBatching.value
  if (sequences !== undefined) {
    return {
      sequence_batching: {
        max_sequence_idle_microseconds: microseconds(sequences.maxIdleMs ?? DEFAULT_MAX_IDLE_MS),
        control_input: [],
        state: [],
        direct: { max_queue_delay_microseconds: 0, minimum_slot_utilization: 0 },
      },
    }
  }
  return hasRows(metadata) && metadata.maxBatchRows > 1
    ? { dynamic_batching: dynamicBatching(description) }
    : {}
}

/** Of `sequenceBatching.maxIdleMs`. */
const DEFAULT_MAX_IDLE_MS = 60_000

function dynamicBatching({ maxBatchDelayMs, settings }: ConfiguredVersion['description']): JsonObject {
  const scheduling = settings.scheduling.value ?? {}
  return {
    preferred_batch_size: scheduling.preferredBatchRows ?? [],
    max_queue_delay_microseconds: microseconds(maxBatchDelayMs),
    preserve_ordering: scheduling.preserveOrdering ?? false,
    priority_levels: scheduling.priorityLevels ?? 0,
    default_priority_level: scheduling.defaultPriorityLevel ?? scheduling.priorityLevels ?? 0,
    default_queue_policy: queuePolicy(scheduling.queuePolicy),
    priority_queue_policy: Object.fromEntries(
      Object.entries(scheduling.priorityPolicies ?? {}).map(([level, policy]) => [
        level,
        queuePolicy(policy),
      ]),
    ),
  }
}

type Policy = NonNullable<VersionDescription['settings']['scheduling']['value']>['queuePolicy']

function queuePolicy({
  timeoutMs = 0,
  timeoutAction,
  allowTimeoutOverride = false,
  maxQueuedRequests = 0,
}: Policy = {}) {
  return {
    timeout_action: timeoutAction === 'delay' ? 'DELAY' : 'REJECT',
    default_timeout_microseconds: microseconds(timeoutMs),
    allow_timeout_override: allowTimeoutOverride,
    max_queue_size: maxQueuedRequests,
  }
}

function microseconds(ms: number): number {
  return Math.round(ms * MICROSECONDS_PER_MS)
}

/** What was imported of a tensor counts; what it left out is as derived. */
function mergedTensors(derived: readonly { readonly name: string }[], imported: unknown): readonly object[] {
  const said = (Array.isArray(imported) ? (imported as readonly unknown[]) : [imported]).filter(isJsonObject)
  return derived.map((tensor) => ({ ...tensor, ...said.find(({ name }) => name === tensor.name) }))
}
