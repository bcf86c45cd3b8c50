import type { ModelConfig } from '../model-config.ts'
import type { QueuePolicy, Scheduling } from '../scheduling.ts'
import type { TritonConfig } from './model-config-schema.ts'
import { refused, type Note } from './refusals.ts'

type DynamicBatching = NonNullable<TritonConfig['dynamic_batching']>
type TritonQueuePolicy = NonNullable<DynamicBatching['default_queue_policy']>
type Batching = Pick<
  ModelConfig,
  'maxBatchRows' | 'maxBatchDelayMs' | 'maxRequestRows' | 'scheduling' | 'sequenceBatching'
>

const US_PER_MS = 1000

/** How requests are put together and queue. @throws ServingError `invalid_argument` */
export function batchingFrom(config: TritonConfig, note: Note): Batching {
  const { dynamic_batching: dynamic, sequence_batching: sequences } = config
  return {
    ...rowsFrom(config),
    ...(dynamic === undefined ? {} : dynamicBatching(dynamic, config, note)),
    ...(sequences === undefined ? {} : { sequenceBatching: sequenceBatching(sequences) }),
  }
}

/** A configuration that leaves out size and tensors asks for what the graph allows. */
function rowsFrom({ max_batch_size: maxRows, input = [], output = [] }: TritonConfig): Batching {
  if (maxRows !== undefined && maxRows < 0) throw refused(`max_batch_size is ${maxRows}; expected 0 or more`)
  if (maxRows !== undefined && maxRows > 0) return { maxRequestRows: maxRows, maxBatchRows: maxRows }
  return maxRows === undefined && input.length === 0 && output.length === 0 ? {} : { maxBatchRows: 1 }
}

function dynamicBatching(dynamic: DynamicBatching, config: TritonConfig, note: Note): Batching {
  const { max_batch_size: maxRows = 0 } = config
  const delayUs = Number(dynamic.max_queue_delay_microseconds ?? 0)
  const delayMs = Math.ceil(delayUs / US_PER_MS)
  if (delayMs * US_PER_MS !== delayUs) {
    note(
      `max_queue_delay_microseconds is ${delayUs}; delays are whole milliseconds here, so it is ${delayMs} ms`,
    )
  }
  const scheduling = schedulingFrom(dynamic, maxRows)
  return {
    maxBatchDelayMs: delayMs,
    ...(Object.keys(scheduling).length === 0 ? {} : { scheduling }),
  }
}

function schedulingFrom(dynamic: DynamicBatching, maxRows: number): Scheduling {
  const levels = Number(dynamic.priority_levels ?? 0)
  const defaultLevel = Number(dynamic.default_priority_level ?? 0)
  const policies = Object.entries(dynamic.priority_queue_policy ?? {})
  checkOrdering(dynamic, levels)
  return {
    ...preferredFrom(dynamic, maxRows),
    ...(dynamic.preserve_ordering === true ? { preserveOrdering: true } : {}),
    ...(levels === 0 ? {} : { priorityLevels: levels }),
    ...(defaultLevel === 0 ? {} : { defaultPriorityLevel: defaultLevel }),
    ...withPolicy(dynamic.default_queue_policy),
    ...(policies.length === 0
      ? {}
      : {
          priorityPolicies: Object.fromEntries(
            policies.map(([level, policy]) => [level, policyFrom(policy)]),
          ),
        }),
  }
}

function checkOrdering(dynamic: DynamicBatching, levels: number): void {
  if (dynamic.preserve_ordering !== true) return
  if (levels > 1) throw refused('preserve_ordering and several priority_levels exclude each other')
  const policies = [dynamic.default_queue_policy, ...Object.values(dynamic.priority_queue_policy ?? {})]
  if (policies.some((policy) => policy?.timeout_action === 'DELAY')) {
    throw refused('preserve_ordering and timeout_action DELAY exclude each other')
  }
}

function preferredFrom({ preferred_batch_size: sizes = [] }: DynamicBatching, maxRows: number): Scheduling {
  const wrong = sizes.find((size) => size < 1 || (maxRows > 0 && size > maxRows))
  if (wrong !== undefined) {
    throw refused(`preferred_batch_size has ${wrong}; expected 1 to max_batch_size, which is ${maxRows}`)
  }
  const ascending = [...new Set(sizes)].sort((a, b) => a - b)
  return ascending.length === 0 ? {} : { preferredBatchRows: ascending }
}

function withPolicy(policy: TritonQueuePolicy | undefined): Pick<Scheduling, 'queuePolicy'> {
  return policy === undefined ? {} : { queuePolicy: policyFrom(policy) }
}

/** 0 means no limit, for the time and for the number. */
function policyFrom(policy: TritonQueuePolicy): QueuePolicy {
  const timeoutMs = Number(policy.default_timeout_microseconds ?? 0) / US_PER_MS
  const { timeout_action: action, allow_timeout_override: mayOverride, max_queue_size: size = 0 } = policy
  return {
    ...(timeoutMs === 0 ? {} : { timeoutMs }),
    ...(action === undefined ? {} : { timeoutAction: action === 'DELAY' ? 'delay' : 'reject' }),
    ...(mayOverride === undefined ? {} : { allowTimeoutOverride: mayOverride }),
    ...(size === 0 ? {} : { maxQueuedRequests: size }),
  }
}

/** Triton ends a sequence that is idle for a second, unless told otherwise. */
const DEFAULT_IDLE_US = 1_000_000

function sequenceBatching(
  sequences: NonNullable<TritonConfig['sequence_batching']>,
): NonNullable<ModelConfig['sequenceBatching']> {
  const idleUs = Number(sequences.max_sequence_idle_microseconds ?? 0) || DEFAULT_IDLE_US
  const candidates = sequences.oldest?.max_candidate_sequences ?? 0
  return {
    maxIdleMs: Math.ceil(idleUs / US_PER_MS),
    ...(candidates === 0 ? {} : { maxSequences: candidates }),
  }
}
