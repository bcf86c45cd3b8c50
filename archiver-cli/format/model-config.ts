import { z } from 'zod'
import { ServingError } from '../../worker/contract/errors.ts'
import {
  EXECUTION_PROVIDERS,
  GRAPH_OPTIMIZATIONS,
  SERVICE_ENVELOPES,
} from '../../worker/contract/messages.ts'
import { nearest } from '../../worker/contract/nearest.ts'
import { paddingSchema } from './padding.ts'
import { schedulingSchema } from './scheduling.ts'
import { signatureSchema } from './signatures.ts'
import { TORCHSERVE_KEYS, translateTorchServeKeys, type RawConfig, type Report } from './torchserve-keys.ts'
import { mappingFromYaml } from './yaml-mapping.ts'

/** `deviceType`, in TorchServe's words. */
export const DEVICE_TYPES = ['cpu', 'gpu'] as const
export type DeviceType = (typeof DEVICE_TYPES)[number]

export const WEIGHT_SHARINGS = ['auto', 'always', 'never'] as const
/** Whether the workers of a model share its weights in memory: `auto` where it costs no speed, `always` even where it does. */
export type WeightSharing = (typeof WEIGHT_SHARINGS)[number]

export const VERSION_TRANSITIONS = ['availability', 'resources'] as const
/** What matters more while versions change: that one of them always answers, or that never two are in memory. */
export type VersionTransition = (typeof VERSION_TRANSITIONS)[number]

const count = (min: number, max: number) => z.int().min(min).max(max)

/**
 * Settings of one model, from its archive's `model-config.yaml`. Everything is optional: what is absent comes
 * from the registration or the server's configuration. Unknown keys are errors.
 */
export const modelConfigSchema = z.strictObject({
  /** Workers to start with. */
  minWorkers: count(0, 1024).optional(),
  /** The most that scaling allows unless the call gives its own bound; at least `minWorkers`. */
  maxWorkers: count(1, 1024).optional(),
  /** Worker processes over which the workers are spread; default 1, on WebGPU one per worker. */
  workerProcesses: count(1, 256).optional(),
  /** Rows in one engine call. */
  maxBatchRows: count(1, 65_536).optional(),
  /** How long the oldest queued request may wait for others, from its arrival. */
  maxBatchDelayMs: count(0, 60_000).optional(),
  /** Rows that one request may have; a request with more is refused. Absent: any number. */
  maxRequestRows: count(1, 65_536).optional(),
  /** Batches that one worker may hold at a time; more than 1 pays for a handler that waits for others and keeps no state. */
  maxBatchesInFlight: count(1, 64).optional(),
  /** Requests that may wait; the next one is refused. */
  maxQueuedRequests: count(1, 1_000_000).optional(),
  /** A request that is predicted to wait for longer, its own run included, is refused at once; 0: only its deadline counts. */
  targetWaitMs: count(0, 86_400_000).optional(),
  /** From arrival to answer; then the request fails and a worker that is still busy with it is replaced. */
  inferenceTimeoutMs: count(1, 86_400_000).optional(),
  /** A request that has waited or run for longer is dropped and answered so; absent: only its deadline counts. */
  clientTimeoutMs: count(1, 86_400_000).optional(),
  /** How long workers may fail to start before the version counts as broken; they are tried on all the same. */
  maxRetryTimeoutMs: count(1, 86_400_000).optional(),
  /** Admit a request only when a worker is idle. */
  useJobTicket: z.boolean().optional(),
  /** From the start of a worker process to its last worker being warm. */
  startupTimeoutMs: count(1, 86_400_000).optional(),
  /** Largest request body. */
  maxRequestBytes: count(1, 2_000_000_000).optional(),
  /** Largest answer, or piece of a streamed one; a larger one fails its request alone. */
  maxResponseBytes: count(1, 2_000_000_000).optional(),
  /** Requests that carry a sequence id stay with one worker, in order: for handlers that keep state. */
  sequenceBatching: z
    .strictObject({
      /** Sequences open at a time. */
      maxSequences: count(1, 100_000).optional(),
      /** A sequence without a request for so long ends. */
      maxIdleMs: count(1, 86_400_000).optional(),
      /** The longest life of a sequence. */
      timeoutMs: count(1, 86_400_000).optional(),
      /** Requests of one sequence that may wait. */
      maxQueuedRequests: count(1, 1_000_000).optional(),
    })
    .optional(),
  /** Priorities, times in the queue, and sizes of batches, where first come, first served does not do. */
  scheduling: schedulingSchema.optional(),
  /** Requests join and leave a running batch between iterations: for handlers that generate piece by piece. */
  continuousBatching: z.boolean().optional(),
  /** Fills up requests of different length, so that they share engine calls. */
  padding: paddingSchema.optional(),
  /** Splits a batch so that preparing one part overlaps running another. */
  microBatching: z
    .strictObject({
      microBatchRows: count(1, 65_536).optional(),
      /** Parts that may be in a stage at a time. */
      parallelism: z
        .strictObject({
          preprocess: count(1, 64).optional(),
          inference: count(1, 64).optional(),
          postprocess: count(1, 64).optional(),
        })
        .optional(),
    })
    .optional(),
  /** How a version that is followed takes the place of another: `availability` (default) loads it first, `resources` unloads the other first, for models of which memory holds one. */
  versionTransition: z.enum(VERSION_TRANSITIONS).optional(),
  /** `auto`, or the providers that may run the model, in order of preference; none of them usable is an error. */
  executionProviders: z.union([z.literal('auto'), z.array(z.enum(EXECUTION_PROVIDERS)).min(1)]).optional(),
  /** The kind of device: `cpu`, or `gpu` for whichever GPU provider is usable; `executionProviders` says it exactly. */
  deviceType: z.enum(DEVICE_TYPES).optional(),
  /** GPUs to spread the workers over; default 0. */
  deviceIds: z.array(count(0, 63)).min(1).optional(),
  /** Threads of one session; default cores ÷ workers. */
  intraOpThreads: count(1, 256).optional(),
  /** How much the engine may rewrite the graph before it runs it; default `all`. */
  graphOptimization: z.enum(GRAPH_OPTIMIZATIONS).optional(),
  /** Whether the optimized graph of a model of 1 MiB or more is kept, and opened by later starts; default true. */
  optimizedGraphCache: z.boolean().optional(),
  /** Whether workers share the weights in memory: `auto` (default) as far as it costs no speed, `always` as far as it can be, `never`. */
  weightSharing: z.enum(WEIGHT_SHARINGS).optional(),
  /** The convention of request and answer bodies around the handler. */
  serviceEnvelope: z.enum(SERVICE_ENVELOPES).optional(),
  /** Whether JSON and text bodies reach a handler of TorchServe's style decoded; default true. */
  decodeInputRequest: z.boolean().optional(),
  /** Ways to call the model by names of their own, as TensorFlow Serving's signatures. */
  signatures: z.record(z.string().min(1).max(256), signatureSchema).optional(),
  /** What the positions of an output stand for, by the output's name: for answers that name classes. */
  outputLabels: z.record(z.string(), z.array(z.string())).optional(),
  /** The `config.pbtxt` that these settings came from, as JSON; it is shown, and has no effect of its own. */
  tritonConfig: z.record(z.string(), z.unknown()).optional(),
  /** Free-form settings of the handler, `context.config`. */
  handler: z.record(z.string(), z.unknown()).optional(),
})

export type ModelConfig = z.infer<typeof modelConfigSchema>
export type SequenceBatching = NonNullable<ModelConfig['sequenceBatching']>
export type MicroBatching = NonNullable<ModelConfig['microBatching']>

/** Far above any real configuration, far below what could hurt. */
const MAX_CONFIG_BYTES = 256 * 1024

/**
 * What of a configuration is passed over, with a notice, instead of refused: nothing; keys of TorchServe that cannot
 * apply here; or every key that is unknown or wrong, as TorchServe does.
 */
export type ConfigTolerance = 'nothing' | 'inapplicable' | 'everything'

export type ReadConfig = {
  readonly config: ModelConfig
  /** What was passed over, each a sentence. */
  readonly notices: readonly string[]
}

/** What follows for a key that is passed over: an archive that was packed with one still meets a strict server. */
const CONSEQUENCES = {
  inapplicable:
    'servers refuse the archive, but those with compatibility=torchserve, which ignore it: remove it',
  everything: 'it is ignored',
}

/**
 * Reads a `model-config.yaml`, in our words or TorchServe's.
 *
 * @throws ServingError `invalid_argument` naming the key, its value, what is allowed, and the likely spelling.
 */
export function parseModelConfig(text: string, tolerance: ConfigTolerance = 'nothing'): ReadConfig {
  const value = valueFromYaml(text)
  const notices: string[] = []
  const report: Report = (kind, problem) => {
    if (tolerance === 'nothing' || (kind === 'wrong' && tolerance === 'inapplicable'))
      throw invalidConfig(problem)
    notices.push(`the model configuration ${problem}; ${CONSEQUENCES[tolerance]}`)
  }
  const translated = translateTorchServeKeys(value, report)
  const config = tolerance === 'everything' ? withoutWrongKeys(translated, report) : translated
  return { config: checkModelConfig(config), notices }
}

/** @throws ServingError `invalid_argument` */
function valueFromYaml(text: string): RawConfig {
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) {
    throw invalidConfig(`is ${Buffer.byteLength(text)} bytes long, allowed are ${MAX_CONFIG_BYTES}`)
  }
  return mappingFromYaml(text, invalidConfig)
}

/** Leaves out each key that the schema refuses. */
function withoutWrongKeys(config: RawConfig, report: Report): RawConfig {
  const result = modelConfigSchema.safeParse(config)
  const wrong = new Set<string>()
  for (const issue of result.error?.issues ?? []) {
    const keys = issue.path.length === 0 && issue.code === 'unrecognized_keys' ? issue.keys : [issue.path[0]]
    for (const key of keys) wrong.add(String(key))
    report('wrong', describeIssue(issue))
  }
  return Object.fromEntries(Object.entries(config).filter(([key]) => !wrong.has(key)))
}

/** @throws ServingError `invalid_argument` */
export function checkModelConfig(value: unknown): ModelConfig {
  const result = modelConfigSchema.safeParse(value)
  if (!result.success) throw invalidConfig(describeIssue(result.error.issues[0]))
  const { minWorkers, maxWorkers } = result.data
  if (minWorkers !== undefined && maxWorkers !== undefined && maxWorkers < minWorkers) {
    throw invalidConfig(`has maxWorkers ${maxWorkers} below minWorkers ${minWorkers}`)
  }
  return result.data
}

function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'is invalid'
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    const suggestion = nearest(key, [...Object.keys(modelConfigSchema.shape), ...TORCHSERVE_KEYS])
    return `has the unknown key '${key}'${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`
  }
  return `has a bad value for '${issue.path.join('.')}': ${issue.message}`
}

function invalidConfig(problem: string, cause?: unknown): ServingError {
  return new ServingError('invalid_argument', `the model configuration ${problem}`, {
    cause,
    reason: 'model_config',
  })
}
