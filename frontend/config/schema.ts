import {
  choice,
  httpAddress,
  integer,
  modelSelection,
  path,
  toggle,
  variableNames,
  type ValueKind,
} from './values.ts'

/** One setting of the server. Its environment variable and its flag follow from its key. */
export type Setting<T> = {
  /** Name in `config.properties`: TorchServe's where the meaning is the same. */
  readonly property: string
  /** TorchServe's property of the same meaning, in whole seconds. */
  readonly propertyInSeconds?: string
  readonly kind: ValueKind<T>
  readonly default: NoInfer<T>
  /** How the default is shown when it is not a plain value. */
  readonly defaultText?: string
  /** What it protects, or what it decides; one line. */
  readonly doc: string
}

const MAX_TIMEOUT_MS = 86_400_000
/** Largest delay of a JavaScript timer. */
const MAX_TIMER_MS = 2_147_483_647
const milliseconds = (min: number) => integer(min, MAX_TIMEOUT_MS, 'ms')

function setting<T>(definition: Setting<T>): Setting<T> {
  return definition
}

/**
 * Every setting of the server: the source of types, defaults, validation, environment names, flags, `--help` and
 * the table in the README.
 */
export const SETTINGS = {
  inferenceAddress: setting({
    property: 'inference_address',
    kind: httpAddress(80),
    default: { host: '127.0.0.1', port: 8080 },
    doc: 'Where predictions are served; loopback, so that nothing is exposed by accident.',
  }),
  managementAddress: setting({
    property: 'management_address',
    kind: httpAddress(8081),
    default: { host: '127.0.0.1', port: 8081 },
    doc: 'Where models are registered and scaled. Who reaches it can run code: keep it private.',
  }),
  metricsAddress: setting({
    property: 'metrics_address',
    kind: httpAddress(8082),
    default: { host: '127.0.0.1', port: 8082 },
    doc: 'Where Prometheus scrapes, so that scraping never competes with predictions for connections.',
  }),
  modelStore: setting({
    property: 'model_store',
    kind: path,
    default: 'model-store',
    doc: 'Directory of the archives. Only files inside it can be registered.',
  }),
  loadModels: setting({
    property: 'load_models',
    kind: modelSelection,
    default: { kind: 'none' },
    doc: 'Archives to register at start, beside what the saved state restores.',
  }),
  stateDir: setting({
    property: 'state_dir',
    kind: path,
    default: '',
    defaultText: '`.onnxserve` in the model store',
    doc: 'Where acknowledged registrations are kept; set it when the model store is read-only or shared.',
  }),
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
    doc: 'Rows in one engine call; costs a lone request nothing, because a free worker never waits for more.',
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
    doc: 'Memory. It is a ceiling: a request predicted to miss its deadline is refused before the queue is full.',
  }),
  inferenceTimeoutMs: setting({
    property: 'inference_timeout_ms',
    propertyInSeconds: 'default_response_timeout',
    kind: milliseconds(1),
    default: 120_000,
    doc: 'Callers, from arrival to answer; then 504, and a worker still busy with the request is replaced.',
  }),
  startupTimeoutMs: setting({
    property: 'startup_timeout_ms',
    propertyInSeconds: 'default_startup_timeout',
    kind: milliseconds(1),
    default: 120_000,
    doc: 'Registrations, from the start of a worker process to its last worker being warm.',
  }),
  unregisterTimeoutMs: setting({
    property: 'unregister_timeout_ms',
    propertyInSeconds: 'unregister_model_timeout',
    kind: milliseconds(1),
    default: 120_000,
    doc: 'Unregistering, while requests that were accepted before it finish.',
  }),
  drainTimeoutMs: setting({
    property: 'drain_timeout_ms',
    kind: milliseconds(0),
    default: 25_000,
    doc: 'Shutdown: accepted requests get this long to finish. Kubernetes kills after 30 s.',
  }),
  maxRequestBytes: setting({
    property: 'max_request_size',
    kind: integer(1, 2_000_000_000, 'bytes'),
    default: 16 * 1024 * 1024,
    doc: 'Memory: a larger body, compressed or not, gets 413 without being read to its end.',
  }),
  headersTimeoutMs: setting({
    property: 'headers_timeout_ms',
    kind: integer(1, MAX_TIMER_MS, 'ms'),
    default: 10_000,
    doc: 'Connections, from clients that drip their request head.',
  }),
  requestTimeoutMs: setting({
    property: 'request_timeout_ms',
    kind: integer(1, MAX_TIMER_MS, 'ms'),
    default: 30_000,
    doc: 'Connections, from clients that drip their body: the whole request must arrive in this time, else 408.',
  }),
  keepAliveTimeoutMs: setting({
    property: 'keep_alive_timeout_ms',
    kind: integer(1, MAX_TIMER_MS, 'ms'),
    default: 65_000,
    doc: 'Connections left idle; longer than the usual 60 s of a balancer, so that it never reuses a closing one.',
  }),
  maxConnections: setting({
    property: 'max_connections',
    kind: integer(1, 1_000_000, 'connections'),
    default: 10_000,
    doc: 'File descriptors, on each listener; further connections are closed at once.',
  }),
  workerAddressSpaceBytes: setting({
    property: 'worker_address_space_bytes',
    kind: integer(0, Number.MAX_SAFE_INTEGER, 'bytes'),
    default: 0,
    defaultText: '0 (computed)',
    doc: 'The machine: an allocation beyond it fails inside the worker process. 0 derives it from memory and threads.',
  }),
  workerEnvironment: setting<readonly string[]>({
    property: 'worker_environment',
    kind: variableNames,
    default: [],
    doc: 'Secrets: worker processes see only a few harmless variables and those named here.',
  }),
  logLevel: setting({
    property: 'log_level',
    kind: choice('debug', 'info', 'warn', 'error'),
    default: 'info',
    doc: 'The least severe lines that are logged.',
  }),
  logFormat: setting({
    property: 'log_format',
    kind: choice('auto', 'json', 'pretty'),
    default: 'auto',
    doc: 'JSON lines, or text for people; auto is text on a terminal.',
  }),
  accessLog: setting({
    property: 'access_log',
    kind: toggle,
    default: true,
    doc: 'Whether each request leaves a line in the log.',
  }),
} as const

export type SettingKey = keyof typeof SETTINGS

type ValueOf<S> = S extends Setting<infer T> ? T : never

/** The whole configuration. Modules receive the slice that they need. */
export type Config = { readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> }

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[] // keys of the table above

/** Variables with this prefix belong to the server; an unknown one is an error. */
export const ENVIRONMENT_PREFIX = 'ONNXSERVE_'

/** `maxQueuedRequests` → `ONNXSERVE_MAX_QUEUED_REQUESTS`. */
export function environmentName(key: string): string {
  return ENVIRONMENT_PREFIX + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/** `maxQueuedRequests` → `--max-queued-requests`. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

export function defaultText(setting: Setting<unknown>): string {
  return setting.defaultText ?? setting.kind.format(setting.default)
}
