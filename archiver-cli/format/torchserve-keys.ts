import { z } from 'zod'

/** A configuration as it was written: keys of any spelling. */
export type RawConfig = Readonly<Record<string, unknown>>

/** Told what is wrong with a key, in a phrase that starts after the configuration's name. It may throw. */
export type Report = (kind: 'inapplicable' | 'wrong', problem: string) => void

type Renamed = {
  readonly ours: string
  readonly expected: string
  /** Undefined: TorchServe's way to say nothing. */
  readonly schema: z.ZodType
}

const MAX_SECONDS = 86_400
const MS_PER_SECOND = 1000
const ASYNCHRONOUS_BATCHES_IN_FLIGHT = 2

/** @param none TorchServe's number for "not set" */
function integer(ours: string, [min, max]: readonly [number, number], none?: number): Renamed {
  return {
    ours,
    expected: `an integer from ${min} to ${max}`,
    schema: z
      .int()
      .min(min)
      .max(max)
      .transform((value) => (value === none ? undefined : value)),
  }
}

function seconds(ours: string): Renamed {
  return {
    ours,
    expected: `an integer from 1 to ${MAX_SECONDS} seconds`,
    schema: z
      .int()
      .min(1)
      .max(MAX_SECONDS)
      .transform((value) => value * MS_PER_SECOND),
  }
}

/**
 * TorchServe's keys that have another name or unit here, and ours in the spelling of its newer keys.
 *
 * @see TorchServe, "Model configuration"
 */
const RENAMED: Readonly<Record<string, Renamed>> = {
  batchSize: integer('maxBatchRows', [1, 65_536]),
  maxBatchDelay: integer('maxBatchDelayMs', [0, 60_000]),
  responseTimeout: seconds('inferenceTimeoutMs'),
  startupTimeout: seconds('startupTimeoutMs'),
  maxRetryTimeoutInSec: seconds('maxRetryTimeoutMs'),
  clientTimeoutInMills: integer('clientTimeoutMs', [0, MAX_SECONDS * MS_PER_SECOND], 0),
  jobQueueSize: integer('maxQueuedRequests', [0, 1_000_000], 0),
  asyncCommunication: {
    ours: 'maxBatchesInFlight',
    expected: 'true or false',
    schema: z.boolean().transform((value) => (value ? ASYNCHRONOUS_BATCHES_IN_FLIGHT : undefined)),
  },
  // What it may hold is for the schema of our key to say.
  execution_providers: { ours: 'executionProviders', expected: 'auto or a list', schema: z.unknown() },
}

/** The four companions of `sequenceBatching: true`, members of one object here. */
const SEQUENCE: Readonly<Record<string, Renamed>> = {
  maxNumSequence: integer('maxSequences', [1, 100_000]),
  maxSequenceJobQueueSize: integer('maxQueuedRequests', [1, 1_000_000]),
  sequenceMaxIdleMSec: integer('maxIdleMs', [0, 86_400_000], 0),
  sequenceTimeoutMSec: integer('timeoutMs', [0, 86_400_000], 0),
}

const ONE_PROCESS = 'ONNX Runtime runs a session in one process; raise minWorkers for more throughput'
const NO_PYTORCH = 'it configures PyTorch, which does not run here; optimise the graph when you export it'

/** Keys that cannot apply: why, and the values that ask for nothing. */
const INAPPLICABLE: Readonly<
  Record<string, { readonly why: string; readonly harmless?: readonly unknown[] }>
> = {
  parallelType: { why: `it spreads one PyTorch model over processes; ${ONE_PROCESS}`, harmless: [''] },
  parallelLevel: { why: `it counts the processes of one worker; ${ONE_PROCESS}`, harmless: [1] },
  torchrun: { why: `it starts workers by torchrun; ${ONE_PROCESS}` },
  pippy: { why: `it splits a PyTorch model into stages; ${ONE_PROCESS}` },
  deepspeed: { why: NO_PYTORCH },
  pt2: { why: NO_PYTORCH },
  useVenv: {
    why: 'it makes a Python environment; npm dependencies are bundled with the handler',
    harmless: [false],
  },
}

const MICRO_BATCHING = z
  .strictObject({
    micro_batch_size: z.int().min(1).max(65_536).optional(),
    parallelism: z.record(z.string(), z.unknown()).optional(),
  })
  .transform(({ micro_batch_size: microBatchRows, parallelism }) => ({
    ...(microBatchRows === undefined ? {} : { microBatchRows }),
    ...(parallelism === undefined ? {} : { parallelism }),
  }))

/** TorchServe's spellings that are understood, for suggestions. */
export const TORCHSERVE_KEYS: readonly string[] = [
  ...Object.keys(RENAMED),
  ...Object.keys(SEQUENCE),
  'micro_batching',
]

/**
 * Gives TorchServe's keys our names and units; everything else passes unchanged.
 *
 * A key that is reported is left out.
 */
export function translateTorchServeKeys(raw: RawConfig, report: Report): RawConfig {
  const config: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(raw)) {
    if (Object.hasOwn(SEQUENCE, key) || isSequenceSwitch(key, value)) continue
    if (Object.hasOwn(INAPPLICABLE, key)) reportInapplicable(key, value, report)
    else if (Object.hasOwn(RENAMED, key)) Object.assign(config, renamed(RENAMED, [key, value], raw, report))
    else if (key === 'micro_batching') Object.assign(config, microBatching(value, raw, report))
    else config[key] = value
  }
  return { ...config, ...sequenceBatching(raw, report) }
}

/** Ours is an object of the same name. */
function isSequenceSwitch(key: string, value: unknown): boolean {
  return key === 'sequenceBatching' && typeof value === 'boolean'
}

function reportInapplicable(key: string, value: unknown, report: Report): void {
  const reason = INAPPLICABLE[key]
  if (reason === undefined || value === null || reason.harmless?.includes(value) === true) return
  report('inapplicable', `has '${key}', which cannot apply: ${reason.why}`)
}

/** The key under our name, or nothing when it says nothing or is wrong. */
function renamed(
  table: Readonly<Record<string, Renamed>>,
  [key, value]: readonly [string, unknown],
  raw: RawConfig,
  report: Report,
): RawConfig {
  const entry = table[key]
  if (entry === undefined) return {}
  const { ours, expected, schema } = entry
  if (Object.hasOwn(raw, ours)) {
    report('wrong', `has both '${key}' and '${ours}', which mean the same; keep one`)
    return {}
  }
  const result = schema.safeParse(value)
  if (!result.success) report('wrong', `has ${JSON.stringify(value)} for '${key}'; expected ${expected}`)
  return result.data === undefined ? {} : { [ours]: result.data }
}

function microBatching(value: unknown, raw: RawConfig, report: Report): RawConfig {
  if (Object.hasOwn(raw, 'microBatching')) {
    report('wrong', `has both 'micro_batching' and 'microBatching', which mean the same; keep one`)
    return {}
  }
  const result = MICRO_BATCHING.safeParse(value)
  if (result.success) return { microBatching: result.data }
  const expected = 'an object with micro_batch_size and parallelism'
  report('wrong', `has ${JSON.stringify(value)} for 'micro_batching'; expected ${expected}`)
  return {}
}

/** `sequenceBatching: true` and its companions, as the one object that they are here. */
function sequenceBatching(raw: RawConfig, report: Report): RawConfig {
  const flag = raw['sequenceBatching']
  const companions = Object.entries(raw).filter(([key]) => Object.hasOwn(SEQUENCE, key))
  if (typeof flag === 'object' && flag !== null && companions.length > 0) {
    report('wrong', `has both '${companions[0]?.[0] ?? ''}' and members of 'sequenceBatching'; keep one form`)
  }
  if (flag === true) {
    const members = companions.map((entry) => renamed(SEQUENCE, entry, {}, report))
    return { sequenceBatching: Object.assign({}, ...members) as RawConfig }
  }
  if (flag === undefined && companions.length > 0) {
    report('wrong', `has '${companions[0]?.[0] ?? ''}', which needs sequenceBatching: true`)
  }
  return {}
}
