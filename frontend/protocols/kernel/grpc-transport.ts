import type { ServingError } from '../../../worker/contract/errors.ts'
import type { AccessScope } from './access.ts'

/* What dialects need of gRPC. `frontend/grpc` has it all; the composition root brings them together. */

/** A call, as the transport hands it over. */
export type GrpcCall = {
  readonly requestId: string
  /** The call's metadata: lower-case names, one value each. */
  readonly headers: Readonly<Record<string, string>>
  /** Time left until the caller's deadline, if it set one. */
  readonly timeoutMs: number | undefined
  /** Aborts when the caller goes away, or its deadline is over. */
  readonly signal: AbortSignal
  /** For the access log. */
  model: string | undefined
  /** Sends metadata ahead of the first message; later calls do nothing. */
  sendHeaders(headers: Readonly<Record<string, string>>): void
  /** An error as a `google.rpc.Status`, for an answer that carries one; logged as if it had ended the call. */
  statusMessage(thrown: unknown): object
}

/** Sends one message of a stream. */
export type Send = (message: object) => void

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

/** The statuses that dialects give beyond those of its errors' codes. */
export type GrpcStatusName = ServingError['code'] | 'aborted' | 'out_of_range'

/** A service, ready to be mounted. */
export type GrpcService = {
  readonly name: string
  readonly methods: Readonly<Record<string, GrpcMethod>>
  /** Methods that anybody may call. */
  readonly openMethods?: readonly string[]
  /** What a token has to be for, by method, where that is another scope than the listener's. */
  readonly scopes?: Readonly<Record<string, AccessScope>>
  /** The model that a request is about. */
  readonly modelOf: (request: unknown) => string | undefined
  readonly statusOf: (error: ServingError) => GrpcStatusName
}
