import type { ServingError } from '../../worker/contract/errors.ts'
import type { StatusName } from './status.ts'

/* What a dialect hands over to be served over gRPC. */

/** A call as its service sees it. */
export type GrpcCall = {
  readonly requestId: string
  /** The call's metadata: lower-case names, one value each; binary values in base64. */
  readonly headers: Readonly<Record<string, string>>
  /** Time left until the caller's deadline, if it set one. */
  readonly timeoutMs: number | undefined
  /** Aborts when the caller goes away, or its deadline is over. */
  readonly signal: AbortSignal
  /** For the access log: which model the call is about. */
  model: string | undefined
  /** Sends metadata ahead of the first message; later calls do nothing. */
  sendHeaders(headers: Readonly<Record<string, string>>): void
  /** An error as a `google.rpc.Status`, for an answer that carries one; logged as if it had ended the call. */
  statusMessage(thrown: unknown): object
}

/** Sends one message of a stream. Does nothing when the call has ended. */
export type Send = (message: object) => void

/** What answers one method. Whatever it throws ends the call with that error's status. */
export type GrpcMethod =
  | {
      readonly kind: 'unary'
      readonly answer: (call: GrpcCall, request: unknown) => Promise<object> | object
    }
  | {
      readonly kind: 'server_stream'
      readonly answer: (call: GrpcCall, request: unknown, send: Send) => Promise<void>
    }
  | {
      readonly kind: 'bidi'
      readonly answer: (call: GrpcCall, requests: AsyncIterable<unknown>, send: Send) => Promise<void>
    }

/** What a token may be for. */
export type CallScope = 'inference' | 'management' | 'metrics' | 'admin'

export type GrpcService = {
  /** Full name, as in `proto/`. */
  readonly name: string
  readonly methods: Readonly<Record<string, GrpcMethod>>
  /** Methods that anybody may call. */
  readonly openMethods?: readonly string[]
  /** What a token has to be for, by method, where that is another scope than the listener's. */
  readonly scopes?: Readonly<Record<string, CallScope>>
  /** The model that a request is about, for tokens that are for certain models only. */
  readonly modelOf?: (request: unknown) => string | undefined
  /** The status of an error, where it is another than that of the error's code. */
  readonly statusOf?: (error: ServingError) => StatusName
}
