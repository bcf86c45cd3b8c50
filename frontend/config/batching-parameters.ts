import {
  bool,
  int64,
  message,
  repeated,
  string,
  type ProtoValue,
} from '../../archiver-cli/format/text-proto/schema.ts'
import { parseTextProto } from '../../archiver-cli/format/text-proto/parse.ts'
import { readTextProto } from '../../archiver-cli/format/text-proto/read-message.ts'
import { refusingAt } from '../../archiver-cli/format/text-proto/tokens.ts'
import type { Config } from './schema.ts'

/*
 * TF Serving's `BatchingParameters`.
 * https://github.com/tensorflow/serving/blob/master/tensorflow_serving/servables/tensorflow/session_bundle_config.proto
 */

const wrapped = message({ value: int64 })

const batchingParameters = message({
  max_batch_size: wrapped,
  batch_timeout_micros: wrapped,
  max_enqueued_batches: wrapped,
  num_batch_threads: wrapped,
  thread_pool_name: message({ value: string }),
  allowed_batch_sizes: repeated(int64),
  pad_variable_length_inputs: bool,
  enable_large_batch_splitting: message({ value: bool }),
  max_execution_batch_size: wrapped,
})

type Given = ProtoValue<typeof batchingParameters>
type Size = 'max_batch_size' | 'batch_timeout_micros' | 'max_enqueued_batches' | 'max_execution_batch_size'

/** What the file says in our own settings. */
export type BatchingSettings = Partial<
  Pick<Config, 'defaultMaxBatchRows' | 'defaultMaxBatchDelayMs' | 'maxQueuedRequests'>
>

export type ReadBatching = {
  readonly settings: BatchingSettings
  /** What of it has no effect here, a sentence each. */
  readonly notes: readonly string[]
}

const US_PER_MS = 1000
const MAX_ROWS = 65_536
const MAX_DELAY_US = 60_000 * US_PER_MS
const MAX_QUEUED_REQUESTS = 1_000_000
/** TF Serving's `max_batch_size` where none is given. */
const DEFAULT_ROWS = 1000

const RANGES: Readonly<Record<Size, readonly [min: number, max: number]>> = {
  max_batch_size: [1, MAX_ROWS],
  max_execution_batch_size: [1, MAX_ROWS],
  batch_timeout_micros: [0, MAX_DELAY_US],
  max_enqueued_batches: [1, Number.MAX_SAFE_INTEGER],
}

/**
 * Reads a file of `batching_parameters_file`.
 *
 * @param what names the file in errors
 * @throws ServingError `invalid_argument` with line and column
 */
export function readBatchingParameters(text: string, what: string): ReadBatching {
  const given = readTextProto(text, batchingParameters, what)
  const fields = parseTextProto(text, what)
  const refuse = (name: keyof Given, problem: string) =>
    refusingAt(what)(fields.find((field) => field.name === name) ?? { line: 1, column: 1 }, problem)
  const rows = sizeOf(given, 'max_batch_size', refuse)
  const executed = sizeOf(given, 'max_execution_batch_size', refuse)
  const delayUs = sizeOf(given, 'batch_timeout_micros', refuse)
  const batches = sizeOf(given, 'max_enqueued_batches', refuse)
  const splits = given.enable_large_batch_splitting?.value === true
  if (splits && executed !== undefined && executed > (rows ?? DEFAULT_ROWS)) {
    throw refuse(
      'max_execution_batch_size',
      `max_execution_batch_size is ${executed}, above max_batch_size ${rows ?? DEFAULT_ROWS}`,
    )
  }
  // With splitting, what runs in one call is the smaller of the two; without, it is not looked at.
  const rowsPerCall = splits ? (executed ?? rows) : rows
  checkAllowed(given, rowsPerCall ?? DEFAULT_ROWS, refuse)
  const settings: BatchingSettings = {
    ...(rowsPerCall === undefined ? {} : { defaultMaxBatchRows: rowsPerCall }),
    ...(delayUs === undefined ? {} : { defaultMaxBatchDelayMs: Math.ceil(delayUs / US_PER_MS) }),
    ...(batches === undefined
      ? {}
      : { maxQueuedRequests: Math.min(MAX_QUEUED_REQUESTS, batches * (rows ?? DEFAULT_ROWS)) }),
  }
  return { settings, notes: notesOf(given, splits).map((note) => `${what}: ${note}`) }
}

type Refuse = (name: keyof Given, problem: string) => Error

function sizeOf(given: Given, name: Size, refuse: Refuse): number | undefined {
  const wrapper = given[name]
  if (wrapper === undefined) return undefined
  const value = Number(wrapper.value ?? 0)
  const [min, max] = RANGES[name]
  if (value < min || value > max) throw refuse(name, `${name} is ${value}; expected ${min} to ${max}`)
  return value
}

/** A list that TF Serving would not take is a mistake, though batches are not padded here. */
function checkAllowed({ allowed_batch_sizes: sizes = [] }: Given, largest: number, refuse: Refuse): void {
  const wrong = sizes.findIndex((size, i) => Number(size) <= Number(sizes[i - 1] ?? 0))
  if (wrong !== -1) {
    throw refuse(
      'allowed_batch_sizes',
      `allowed_batch_sizes has ${sizes[wrong]} at index ${wrong}; expected ascending numbers above 0`,
    )
  }
  const last = sizes.at(-1)
  if (last === undefined || Number(last) === largest) return
  throw refuse(
    'allowed_batch_sizes',
    `allowed_batch_sizes ends with ${last}; expected the largest batch, ${largest}`,
  )
}

const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  num_batch_threads:
    'how many batches run at a time follows from the workers of each model; see default_workers_per_model',
  thread_pool_name: 'no model shares the workers of another',
  allowed_batch_sizes: 'ONNX Runtime runs any number of rows, and batches are not padded',
  pad_variable_length_inputs:
    "padding is a model's own choice: its 'padding' names the dimensions, their sizes and what fills them up",
  enable_large_batch_splitting: 'a request larger than a batch runs whole, in a call of its own',
  max_execution_batch_size: 'it counts only with enable_large_batch_splitting',
}

function notesOf(given: Given, splits: boolean): string[] {
  const isOff = (name: string) =>
    (name === 'pad_variable_length_inputs' && given.pad_variable_length_inputs === false) ||
    (name === 'enable_large_batch_splitting' && !splits) ||
    (name === 'max_execution_batch_size' && splits)
  const isRounded = Number(given.batch_timeout_micros?.value ?? 0) % US_PER_MS !== 0
  const rounded = isRounded ? ['batch_timeout_micros is rounded up: delays are whole milliseconds here'] : []
  const ignored = Object.entries(WITHOUT_EFFECT)
    .filter(([name]) => Object.hasOwn(given, name) && !isOff(name))
    .map(([name, why]) => `${name} has no effect: ${why}`)
  return [...rounded, ...ignored]
}
