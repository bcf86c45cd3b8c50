import type { ErrorCode, ServingError } from '../../worker/contract/errors.ts'
import { encode } from './proto/definitions.ts'

/**
 * The statuses of gRPC by name.
 *
 * @see https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
export const STATUS_CODES = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  aborted: 10,
  out_of_range: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  data_loss: 15,
  unauthenticated: 16,
} as const satisfies Readonly<Record<ErrorCode, number> & Record<string, number>>

export type StatusName = keyof typeof STATUS_CODES

/** How an error ends a call. */
export type CallStatus = {
  readonly name: StatusName
  readonly code: number
  /** What people read. */
  readonly message: string
  /** A `google.rpc.Status` with `ErrorInfo` and `RetryInfo`: what programs read. */
  readonly asMessage: object
  /** The same in bytes. */
  readonly details: Buffer
}

/** The metadata that carries {@link CallStatus.details}, by the convention of gRPC's error model. */
export const DETAILS_KEY = 'grpc-status-details-bin'
const DOMAIN = 'onnxserve'
/** Clients accept 8 KiB of trailers by default; a byte may take three characters, and the details have it again. */
const MAX_MESSAGE_BYTES = 1500
const MS_PER_SECOND = 1000
const NS_PER_MS = 1_000_000

/** Error codes are gRPC's own words, so each is its status; a dialect may say otherwise. */
export function callStatus(error: ServingError, name: StatusName = error.code): CallStatus {
  const code = STATUS_CODES[name]
  const message = readable(error.message)
  const asMessage = { code, message, details: detailsOf(error) }
  return { name, code, message, asMessage, details: encode('google.rpc.Status', asMessage) }
}

function detailsOf({ code, reason, retryAfterMs }: ServingError): object[] {
  const info = any('google.rpc.ErrorInfo', { reason: (reason ?? code).toUpperCase(), domain: DOMAIN })
  if (retryAfterMs === undefined) return [info]
  const ms = Math.max(0, Math.ceil(retryAfterMs))
  const retryDelay = {
    seconds: String(Math.floor(ms / MS_PER_SECOND)),
    nanos: (ms % MS_PER_SECOND) * NS_PER_MS,
  }
  return [info, any('google.rpc.RetryInfo', { retry_delay: retryDelay })]
}

function any(name: string, value: object): object {
  return { type_url: `type.googleapis.com/${name}`, value: encode(name, value) }
}

/**
 * Clipped. Halves of surrogate pairs do not survive the way to UTF-8 and back: grpc-js percent-encodes the text with
 * `encodeURI`, which throws on them.
 */
function readable(message: string): string {
  return Buffer.from(message).subarray(0, MAX_MESSAGE_BYTES).toString()
}
