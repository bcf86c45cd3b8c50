import { choice, countOrAll, integer, toggle, variableNames } from '../values.ts'
import { milliseconds, setting } from './setting.ts'

/** How the versions of models are run. */
export const workersSettings = {
  defaultWorkersPerModel: setting({
    property: 'default_workers_per_model',
    kind: integer(0, 1024),
    default: 1,
    doc: 'Workers of a model that asks for no number; one worker already uses every core for one engine call.',
  }),
  defaultMaxBatchRows: setting({
    property: 'default_max_batch_rows',
    kind: integer(1, 65_536, 'rows'),
    default: 32,
    doc: 'Most rows in one engine call; costs a lone request nothing, because a free worker never waits for more.',
  }),
  defaultMaxBatchDelayMs: setting({
    property: 'default_max_batch_delay_ms',
    kind: integer(0, 60_000, 'ms'),
    default: 0,
    doc: 'Longest wait of the oldest request for companions, from its arrival; 0 batches only what has queued.',
  }),
  maxQueuedRequests: setting({
    property: 'job_queue_size',
    kind: integer(1, 1_000_000, 'requests'),
    default: 1000,
    torchserveDefault: 100,
    doc: 'Most requests that wait for one version; one that is predicted to miss its deadline is refused before the queue is full.',
  }),
  targetWaitMs: setting({
    property: 'target_wait_ms',
    kind: integer(0, 86_400_000, 'ms'),
    default: 0,
    defaultText: '0 (none)',
    doc: 'A request predicted to wait longer, its own run included, is refused at once; 0 leaves it to the deadline of each request.',
  }),
  inferenceTimeoutMs: setting({
    property: 'inference_timeout_ms',
    propertyInSeconds: 'default_response_timeout',
    kind: milliseconds(1),
    default: 120_000,
    doc: 'How long a request may take from arrival to answer; then 504, and a worker still busy with it is replaced.',
  }),
  startupTimeoutMs: setting({
    property: 'startup_timeout_ms',
    propertyInSeconds: 'default_startup_timeout',
    kind: milliseconds(1),
    default: 120_000,
    doc: 'How long a worker process may take from its start to its last worker being warm.',
  }),
  unregisterTimeoutMs: setting({
    property: 'unregister_timeout_ms',
    propertyInSeconds: 'unregister_model_timeout',
    kind: milliseconds(1),
    default: 120_000,
    doc: 'How long unregistering waits for the requests that were accepted before it.',
  }),
  gpus: setting<number | 'all'>({
    property: 'number_of_gpu',
    kind: countOrAll(64, 'GPUs'),
    default: 'all',
    doc: 'GPUs, numbered from 0, over which the workers of all models are spread; 0 keeps every model off them.',
  }),
  defaultServiceEnvelope: setting({
    property: 'service_envelope',
    kind: choice('none', 'body', 'json', 'kserve', 'kservev2'),
    default: 'none',
    doc: 'What a request is unpacked from and its answer packed into, for models that do not say it themselves.',
  }),
  defaultDecodeInputRequest: setting({
    property: 'decode_input_request',
    kind: toggle,
    default: true,
    doc: 'Whether handlers get text and JSON decoded; false gives them bytes. For models that do not say it themselves.',
  }),
  optimizedGraphCache: setting({
    property: 'optimized_graph_cache',
    kind: toggle,
    default: true,
    doc: 'Whether optimized graphs of models of 1 MiB or more are kept in the state directory and opened by later starts.',
  }),
  memoryLimitBytes: setting({
    property: 'memory_limit_bytes',
    kind: integer(0, Number.MAX_SAFE_INTEGER, 'bytes'),
    default: 0,
    defaultText: '0 (what is free)',
    doc: 'Memory for server and workers; workers that would not fit are refused, not killed later. 0: what machine or cgroup has free.',
  }),
  workerAddressSpaceBytes: setting({
    property: 'worker_address_space_bytes',
    kind: integer(0, Number.MAX_SAFE_INTEGER, 'bytes'),
    default: 0,
    defaultText: '0 (computed)',
    doc: 'Address space of a worker process; an allocation beyond it fails inside. 0 derives it from memory and threads.',
  }),
  workerEnvironment: setting<readonly string[]>({
    property: 'worker_environment',
    kind: variableNames,
    default: [],
    doc: 'Environment variables that worker processes see beside a few harmless ones: secrets stay with the server.',
  }),
} as const
