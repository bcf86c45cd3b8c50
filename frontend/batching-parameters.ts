import { readFileSync } from 'node:fs'
import { readTextProto } from '../archiver-cli/format/text-proto/read-message.ts'
import {
  bool,
  int64,
  message,
  repeated,
  string,
  type ProtoValue,
} from '../archiver-cli/format/text-proto/schema.ts'
import { messageOf, ServingError } from '../worker/contract/errors.ts'
import type { LoadedConfig } from './config/load.ts'
import { SETTINGS, type Config } from './config/schema.ts'

/*
 * TF Serving's `BatchingParameters`.
 * https://github.com/tensorflow/serving/blob/master/tensorflow_serving/servables/tensorflow/session_bundle_config.proto
 */

const int64Value = message({ value: int64 })
const batchingParameters = message({
  max_batch_size: int64Value,
  batch_timeout_micros: int64Value,
  max_enqueued_batches: int64Value,
  num_batch_threads: int64Value,
  thread_pool_name: message({ value: string }),
  allowed_batch_sizes: repeated(int64),
  pad_variable_length_inputs: bool,
  enable_large_batch_splitting: message({ value: bool }),
  max_execution_batch_size: int64Value,
})

type Parameters = ProtoValue<typeof batchingParameters>
type Defaults = Partial<Pick<Config, 'defaultMaxBatchRows' | 'defaultMaxBatchDelayMs' | 'maxQueuedRequests'>>

const US_PER_MS = 1000

/**
 * Puts what `batching_parameters_file` says in the place of the defaults that models have here.
 *
 * @throws ServingError `not_found` | `invalid_argument` with the place, or the value and what is allowed
 */
export function withBatchingParameters({ config, notes, file }: LoadedConfig): LoadedConfig {
  const path = config.batchingParametersFile
  if (path === '') return { config, notes, file }
  const parameters = readTextProto(textOf(path), batchingParameters, path)
  const noted = UNAPPLIED.filter(({ applies }) => applies(parameters))
  const sentences = noted.map(({ reason }) => `${path}: ${reason}`)
  const defaults = defaultsFrom(parameters, config, path)
  return { config: { ...config, ...defaults }, notes: [...notes, ...sentences], file }
}

function defaultsFrom(parameters: Parameters, config: Config, path: string): Defaults {
  const checked = (field: string, setting: keyof Defaults, value: number) => {
    const { kind } = SETTINGS[setting]
    if (kind.parse(String(value)) !== undefined) return { [setting]: value }
    const sentence = `${path}: ${field} makes ${SETTINGS[setting].property} ${value}; expected ${kind.expected}`
    throw new ServingError('invalid_argument', sentence, { reason: 'batching_parameters' })
  }
  const { batch_timeout_micros: delay, max_enqueued_batches: batches } = parameters
  const executed = parameters.enable_large_batch_splitting?.value === true
  const rows =
    (executed ? parameters.max_execution_batch_size?.value : undefined) ?? parameters.max_batch_size?.value
  const maxRows = Number(rows ?? config.defaultMaxBatchRows)
  return {
    ...(rows === undefined ? {} : checked('max_batch_size', 'defaultMaxBatchRows', maxRows)),
    ...(delay === undefined
      ? {}
      : checked(
          'batch_timeout_micros',
          'defaultMaxBatchDelayMs',
          Math.ceil(Number(delay.value ?? 0) / US_PER_MS),
        )),
    // A queue is bounded in batches there, in requests here; a request has one row at least.
    ...(batches === undefined
      ? {}
      : checked('max_enqueued_batches', 'maxQueuedRequests', Number(batches.value ?? 0) * maxRows)),
  }
}

type Rule = { readonly applies: (parameters: Parameters) => boolean; readonly reason: string }

const UNAPPLIED: readonly Rule[] = [
  {
    applies: ({ batch_timeout_micros: delay }) => Number(delay?.value ?? 0) % US_PER_MS !== 0,
    reason: "'batch_timeout_micros' is rounded up: delays are whole milliseconds here",
  },
  {
    applies: ({ num_batch_threads: threads }) => threads !== undefined,
    reason: "'num_batch_threads' has no effect; batches run on workers, see default_workers_per_model",
  },
  {
    applies: ({ thread_pool_name: pool }) => pool !== undefined,
    reason: "'thread_pool_name' has no effect: every version has workers of its own",
  },
  {
    applies: ({ allowed_batch_sizes: sizes = [] }) => sizes.length > 0,
    reason: "'allowed_batch_sizes' has no effect: batches are not filled up with rows that nobody asked for",
  },
  {
    applies: ({ pad_variable_length_inputs: pads }) => pads === true,
    reason:
      "'pad_variable_length_inputs' has no effect: requests of different shapes run in different batches",
  },
]

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const sentence = `batching_parameters_file cannot be read: ${messageOf(error)}`
    throw new ServingError('not_found', sentence, { cause: error, reason: 'batching_parameters' })
  }
}
