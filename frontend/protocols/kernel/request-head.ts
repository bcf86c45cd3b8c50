import type {
  ModelSelector,
  Operation,
  RequestHead,
  RequestTiming,
  SequenceMark,
} from '../../core/data-plane.ts'
import { batchExplainer } from './debug-header.ts'
import { badHeader } from './errors.ts'
import type { RequestContext, RequestState } from './transport.ts'

/** A caller's own deadline, counted from arrival; the version's `inferenceTimeoutMs` remains the upper bound. */
export const TIMEOUT_HEADER = 'x-timeout-ms'
const MAX_TIMEOUT_MS = 86_400_000

/** Says that a request can come later as well: under load it is refused before others. Other values mean nothing here. */
const PRIORITY_HEADER = 'x-priority'
const BACKGROUND = 'batch'

/** Names of the headers that mark a request as one of a sequence, in lower case. */
export type SequenceHeaders = { readonly id: string; readonly start: string; readonly end: string }

/** TorchServe's names, which its handlers know; every dialect over HTTP takes them. */
export const SEQUENCE_HEADERS: SequenceHeaders = {
  id: 'ts_request_sequence_id',
  start: 'ts_request_sequence_start',
  end: 'ts_request_sequence_end',
}

/** What a request's path says. */
export type PredictionTarget = {
  readonly model: ModelSelector
  readonly operation?: Operation
  /** The rest of the path behind the version, for the handler. */
  readonly urlPath?: string
}

type Headers = Readonly<Record<string, string>>

export type HeadOptions = {
  readonly announcedBytes: number | undefined
  readonly sequenceHeaders: SequenceHeaders
  /** Bodies of the dialect may name the sequence. */
  readonly sequenceInBody?: true
}

/**
 * The head of a request over HTTP.
 *
 * A class, because its `signal` is made on demand: a getter in an object literal is a new hidden class for every
 * request, which the garbage collector then has to carry (a fifth of all CPU, measured).
 */
export class HttpRequestHead implements RequestHead {
  readonly requestId: string
  readonly model: ModelSelector
  readonly headers: Headers
  declare readonly operation?: Operation
  declare readonly sequence?: SequenceMark
  declare readonly sequenceInBody?: true
  declare readonly timeoutMs?: number
  declare readonly announcedBytes?: number
  declare readonly isBackground?: true
  declare readonly onTiming?: (timing: RequestTiming) => void
  readonly caller: RequestState

  constructor({ state, req, res }: RequestContext, target: PredictionTarget, options: HeadOptions) {
    // Node joins repeated request headers into one text; only `set-cookie`, no request header, is a list.
    const headers = req.headers as Headers
    const { announcedBytes, sequenceHeaders, sequenceInBody } = options
    const timeoutMs = timeoutOf(headers[TIMEOUT_HEADER])
    const sequence = sequenceOf(headers, sequenceHeaders)
    this.requestId = state.requestId
    this.model = target.model
    this.headers = handlerHeaders(headers, target)
    if (target.operation !== undefined) this.operation = target.operation
    if (sequence !== undefined) this.sequence = sequence
    if (sequenceInBody !== undefined) this.sequenceInBody = sequenceInBody
    if (timeoutMs !== undefined) this.timeoutMs = timeoutMs
    if (announcedBytes !== undefined) this.announcedBytes = announcedBytes
    if (headers[PRIORITY_HEADER] === BACKGROUND) this.isBackground = true
    const onTiming = batchExplainer({ req, res })
    if (onTiming !== undefined) this.onTiming = onTiming
    this.caller = state
  }

  get signal(): AbortSignal {
    return this.caller.signal
  }
}

/**
 * The request's headers, and `url_path` and `explain` as TorchServe adds them. They say what the path said: a
 * client cannot send them itself.
 */
function handlerHeaders(headers: Headers, { operation, urlPath }: PredictionTarget): Headers {
  const isPlain = operation === undefined && urlPath === undefined
  if (isPlain && headers['url_path'] === undefined && headers['explain'] === undefined) return headers
  const { url_path: _, explain: __, ...own } = headers
  return {
    ...own,
    ...(urlPath === undefined ? {} : { url_path: urlPath }),
    ...(operation === 'explain' ? { explain: 'True' } : {}),
  }
}

/** What the headers say of a sequence; undefined when they say nothing. @throws ServingError `invalid_argument` */
export function sequenceOf(headers: Headers, names: SequenceHeaders): SequenceMark | undefined {
  const id = headers[names.id]
  const start = headers[names.start]
  const end = headers[names.end]
  if (id === undefined && start === undefined && end === undefined) return undefined
  return {
    ...(id === undefined ? {} : { id }),
    start: flagOf(names.start, start),
    end: flagOf(names.end, end),
  }
}

function flagOf(name: string, value = 'false'): boolean {
  const word = value.toLowerCase()
  if (word !== 'true' && word !== 'false') throw badHeader(name, value, 'true or false')
  return word === 'true'
}

function timeoutOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const timeoutMs = /^\d{1,8}$/.test(value) ? Number(value) : 0
  if (timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs
  throw badHeader(TIMEOUT_HEADER, value, `an integer from 1 to ${MAX_TIMEOUT_MS}, in milliseconds`)
}
