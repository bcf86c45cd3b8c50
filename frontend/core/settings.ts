import {
  checkModelConfig,
  type DeviceType,
  type MicroBatching,
  type ModelConfig,
  type SequenceBatching,
  type VersionTransition,
  type WeightSharing,
} from '../../archiver-cli/format/model-config.ts'
import type { Scheduling } from '../../archiver-cli/format/scheduling.ts'
import type { Signature } from '../../archiver-cli/format/signatures.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import type { Padding } from '../../worker/contract/padding.ts'
import type { ExecutionProvider, GraphOptimization, ServiceEnvelope } from '../../worker/contract/messages.ts'

/** Who said the value that counts, from the strongest on. */
export const SETTING_SOURCES = ['api', 'archive', 'models property', 'server default'] as const
export type SettingSource = (typeof SETTING_SOURCES)[number]

/** What each has to say about the settings of one version. */
export type SettingLayers = {
  /** From the registration, from scaling, or from a restored snapshot. */
  readonly call: ModelConfig
  readonly archive: ModelConfig
  /** From the server's `models` property, for this model and version. */
  readonly declared?: ModelConfig | undefined
}

/** Every setting of a version, resolved. */
export type VersionSettings = {
  /** Of each setting that someone said; the others are the server's defaults. */
  readonly sources: Readonly<Partial<Record<keyof ModelConfig, SettingSource>>>
  readonly minWorkers: number
  readonly maxWorkers: number
  readonly workerProcesses: number | undefined
  readonly intraOpThreads: number | undefined
  /** Absent: the engine's own choice, which is everything. */
  readonly graphOptimization?: GraphOptimization
  readonly optimizedGraphCache: boolean
  readonly weightSharing: WeightSharing
  readonly maxBatchRows: number
  readonly maxBatchDelayMs: number
  readonly maxQueuedRequests: number
  /** The longest wait that admission promises; undefined: only the deadline of each request counts. */
  readonly targetWaitMs: number | undefined
  readonly inferenceTimeoutMs: number
  readonly startupTimeoutMs: number
  readonly maxRequestBytes: number
  readonly maxResponseBytes: number | undefined
  /** Absent: one, or two on a GPU, where they overlap. */
  readonly maxBatchesInFlight: number | undefined
  readonly clientTimeoutMs: number | undefined
  readonly maxRetryTimeoutMs: number
  readonly useJobTicket: boolean
  readonly sequenceBatching: SequenceBatching | undefined
  readonly scheduling: Scheduling | undefined
  readonly continuousBatching: boolean
  readonly padding: Padding | undefined
  readonly microBatching: MicroBatching | undefined
  readonly serviceEnvelope: ServiceEnvelope
  readonly decodeInputRequest: boolean
  readonly deviceType: DeviceType | undefined
  readonly versionTransition: VersionTransition
  readonly executionProviders: 'auto' | readonly ExecutionProvider[]
  readonly deviceIds: readonly number[]
  readonly maxRequestRows: number | undefined
  readonly signatures: Readonly<Record<string, Signature>> | undefined
  readonly outputLabels: Readonly<Record<string, readonly string[]>> | undefined
  readonly tritonConfig: Readonly<Record<string, unknown>> | undefined
  readonly handlerConfig: Readonly<Record<string, unknown>>
}

/** Whether a handler keeps state between the batches of a request or of a sequence. */
export function isStateful({ sequenceBatching, continuousBatching }: VersionSettings): boolean {
  return sequenceBatching !== undefined || continuousBatching
}

/**
 * Whether several frontend processes may send a version batches: each has a queue of its own, so that there is no
 * order among the requests of all of them, and none sees what the others have given to a worker.
 */
export function isShareable(settings: VersionSettings): boolean {
  return !isStateful(settings) && settings.scheduling === undefined && !settings.useJobTicket
}

/** The shortest of what the version allows and what head and body of the request ask for. */
export function requestTimeoutMs(
  { inferenceTimeoutMs, clientTimeoutMs = Number.POSITIVE_INFINITY }: VersionSettings,
  ...asked: readonly (number | undefined)[]
): number {
  let timeoutMs = Math.min(inferenceTimeoutMs, clientTimeoutMs)
  for (const each of asked) if (each !== undefined && each < timeoutMs) timeoutMs = each
  return timeoutMs
}

/** TorchServe's. */
const DEFAULT_RETRY_TIMEOUT_MS = 300_000

/** What clients see as the model's metadata. */
type MetadataKey = 'signatures' | 'outputLabels' | 'tritonConfig'
type DescribedKey = Exclude<keyof VersionSettings, 'sources' | 'handlerConfig' | MetadataKey>

/**
 * Each setting with its source, for operators. The handler's own are left out: they may hold secrets; so is what
 * describes the model, not its workings.
 */
export type DescribedSettings = {
  readonly [K in DescribedKey]: { readonly value: VersionSettings[K]; readonly source: SettingSource }
}

export function describeSettings(settings: VersionSettings): DescribedSettings {
  const {
    sources,
    handlerConfig: _,
    signatures: __,
    outputLabels: ___,
    tritonConfig: ____,
    ...values
  } = settings
  const described = Object.entries(values).map(([key, value]) => [
    key,
    { value, source: sources[key as DescribedKey] ?? 'server default' }, // keys of the object above
  ])
  return Object.fromEntries(described) as DescribedSettings // the same keys
}

/** The server's own values, used where neither the call nor the archive says otherwise. */
export type SettingDefaults = {
  readonly defaultWorkersPerModel: number
  readonly maxBatchRows: number
  readonly maxBatchDelayMs: number
  readonly maxQueuedRequests: number
  /** Absent or 0: none. */
  readonly targetWaitMs?: number
  readonly inferenceTimeoutMs: number
  readonly startupTimeoutMs: number
  readonly maxRequestBytes: number
  /** Absent: no limit. */
  readonly maxResponseBytes?: number
  /** Absent: `none`. */
  readonly serviceEnvelope?: ServiceEnvelope
  /** Absent: true. */
  readonly decodeInputRequest?: boolean
  /** Absent: true. */
  readonly optimizedGraphCache?: boolean
}

/**
 * Merges the settings of a version: what the call said, else the archive's configuration, else the `models` property,
 * else the server's default.
 *
 * @throws ServingError `invalid_argument` when a value is out of its range.
 */
export function resolveSettings(layers: SettingLayers, defaults: SettingDefaults): VersionSettings {
  const { archive, declared = {} } = layers
  const overrides = withoutUndefined(checkModelConfig(layers.call))
  const merged: ModelConfig = { ...declared, ...archive, ...overrides }
  checkModes(merged)
  const maxBatchRows = merged.maxBatchRows ?? defaults.maxBatchRows
  checkPreferred(merged.scheduling, maxBatchRows)
  // The server's default yields to an archive that allows fewer; what someone asked for does not.
  const defaultWorkers = Math.min(
    defaults.defaultWorkersPerModel,
    merged.maxWorkers ?? Number.POSITIVE_INFINITY,
  )
  const minWorkers = merged.minWorkers ?? defaultWorkers
  const maxWorkers = overrides.minWorkers === undefined ? merged.maxWorkers : overrides.maxWorkers
  if (maxWorkers !== undefined && maxWorkers < minWorkers) {
    throw new ServingError(
      'invalid_argument',
      `maxWorkers ${maxWorkers} is below minWorkers ${minWorkers}; it must be at least as large`,
      { reason: 'max_worker' },
    )
  }
  return {
    sources: {
      ...said(declared, 'models property'),
      ...said(archive, 'archive'),
      ...said(overrides, 'api'),
      // A number of workers that is asked for is also their bound, unless the call gives another.
      ...(overrides.minWorkers === undefined ? {} : { maxWorkers: 'api' }),
    },
    minWorkers,
    maxWorkers: Math.max(minWorkers, maxWorkers ?? minWorkers),
    workerProcesses: merged.workerProcesses,
    intraOpThreads: merged.intraOpThreads,
    ...(merged.graphOptimization === undefined ? {} : { graphOptimization: merged.graphOptimization }),
    optimizedGraphCache: merged.optimizedGraphCache ?? defaults.optimizedGraphCache ?? true,
    weightSharing: merged.weightSharing ?? 'auto',
    maxBatchRows,
    maxBatchDelayMs: merged.maxBatchDelayMs ?? defaults.maxBatchDelayMs,
    maxQueuedRequests: merged.maxQueuedRequests ?? defaults.maxQueuedRequests,
    targetWaitMs: targetOf(merged.targetWaitMs ?? defaults.targetWaitMs),
    inferenceTimeoutMs: merged.inferenceTimeoutMs ?? defaults.inferenceTimeoutMs,
    startupTimeoutMs: merged.startupTimeoutMs ?? defaults.startupTimeoutMs,
    maxRequestBytes: merged.maxRequestBytes ?? defaults.maxRequestBytes,
    maxResponseBytes: merged.maxResponseBytes ?? defaults.maxResponseBytes,
    maxBatchesInFlight: merged.maxBatchesInFlight,
    clientTimeoutMs: merged.clientTimeoutMs,
    maxRetryTimeoutMs: merged.maxRetryTimeoutMs ?? DEFAULT_RETRY_TIMEOUT_MS,
    useJobTicket: merged.useJobTicket ?? false,
    sequenceBatching: merged.sequenceBatching,
    scheduling: merged.scheduling,
    continuousBatching: merged.continuousBatching ?? false,
    padding: merged.padding,
    microBatching: merged.microBatching,
    serviceEnvelope: merged.serviceEnvelope ?? defaults.serviceEnvelope ?? 'none',
    decodeInputRequest: merged.decodeInputRequest ?? defaults.decodeInputRequest ?? true,
    deviceType: merged.deviceType,
    versionTransition: merged.versionTransition ?? 'availability',
    executionProviders: merged.executionProviders ?? 'auto',
    deviceIds: merged.deviceIds ?? [],
    maxRequestRows: merged.maxRequestRows,
    signatures: merged.signatures,
    outputLabels: merged.outputLabels,
    tritonConfig: merged.tritonConfig,
    handlerConfig: merged.handler ?? {},
  }
}

/** 0 takes back what a layer below says. */
function targetOf(targetWaitMs: number | undefined): number | undefined {
  return targetWaitMs === 0 ? undefined : targetWaitMs
}

/** @throws ServingError `invalid_argument` when ways of batching are asked for that exclude each other. */
function checkModes({
  sequenceBatching,
  scheduling,
  continuousBatching = false,
  maxBatchesInFlight = 1,
}: ModelConfig): void {
  if (sequenceBatching === undefined && !continuousBatching) return
  const mode = continuousBatching ? 'continuousBatching' : 'sequenceBatching'
  if (sequenceBatching !== undefined && continuousBatching) {
    throw modesExclude(
      'sequenceBatching and continuousBatching are both set; a model batches in one of these ways',
    )
  }
  if (scheduling !== undefined) {
    throw modesExclude(`${mode} and scheduling are both set; each says in which order requests are served`)
  }
  if (maxBatchesInFlight > 1) {
    throw modesExclude(
      `${mode} runs one batch at a time on each worker, and maxBatchesInFlight is ${maxBatchesInFlight}`,
    )
  }
}

/** @throws ServingError `invalid_argument` */
function checkPreferred(scheduling: Scheduling | undefined, maxBatchRows: number): void {
  const largest = scheduling?.preferredBatchRows?.at(-1) ?? 0
  if (largest <= maxBatchRows) return
  throw new ServingError(
    'invalid_argument',
    `scheduling.preferredBatchRows has ${largest}, above maxBatchRows ${maxBatchRows}; lower the one, or raise the other`,
    { reason: 'model_config' },
  )
}

function modesExclude(conflict: string): ServingError {
  return new ServingError('invalid_argument', `${conflict}: remove one of the two`, {
    reason: 'model_config',
  })
}

function said(layer: ModelConfig, source: SettingSource): VersionSettings['sources'] {
  return Object.fromEntries(Object.keys(withoutUndefined(layer)).map((key) => [key, source]))
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<T> // same keys, fewer
}
