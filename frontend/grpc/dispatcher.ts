import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
  ServerDuplexStream,
  StatusObject,
} from '@grpc/grpc-js'
import type { ServingError } from '../../worker/contract/errors.ts'
import { CallState, type CallRecord, type Received, type SurfaceCall } from './call-state.ts'
import { readerTooSlow, servingErrorFrom, shuttingDown } from './errors.ts'
import { Inbox } from './inbox.ts'
import type { GrpcMethod, GrpcService, Send } from './service.ts'
import { callStatus, DETAILS_KEY, type CallStatus } from './status.ts'

export type DispatcherOptions = {
  /** The caller's id if it is a sane one, else a new one. */
  readonly requestIdFrom: (callersId: string | undefined) => string
  /** Told of errors that are the server's or a handler's own, with what a log may show and a client may not. */
  readonly report: (error: ServingError, requestId: string) => void
  readonly onAccess?: (record: CallRecord) => void
}

/** One method of a service, with the definition that its messages follow. */
export type BoundMethod<M extends GrpcMethod = GrpcMethod> = {
  readonly service: GrpcService
  readonly method: M
  readonly path: string
  /** @throws ServingError `unauthenticated` | `permission_denied` for the model that the request names */
  readonly authorize: (call: SurfaceCall, request: unknown) => void
  readonly serialize: (message: object) => Buffer
  /** @throws ServingError `invalid_argument` */
  readonly messageOf: (received: Received) => unknown
}

type Bound<K extends GrpcMethod['kind']> = BoundMethod<Extract<GrpcMethod, { kind: K }>>

/** Answers of a stream that its client has not taken yet; beyond it the client is too slow. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024

/** Runs calls: ends each exactly once, and turns what was thrown into a status. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #inboxes = new Set<Inbox>()
  #pending = 0
  #onIdle: () => void = () => undefined
  #isClosing = false

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  unary(bound: Bound<'unary'>): handleUnaryCall<Received, Buffer> {
    return (call, callback) => {
      const state = this.#begin(call, bound)
      this.#unaryAnswer(bound, call, state).then(
        (reply) => {
          state.sendHeaders()
          if (state.end('ok')) callback(null, reply)
        },
        (error: unknown) => {
          const ending = this.#endingOf(state, bound.service, error)
          if (ending !== undefined) callback(ending)
        },
      )
    }
  }

  async #unaryAnswer(
    bound: Bound<'unary'>,
    call: ServerUnaryCall<Received, Buffer>,
    state: CallState,
  ): Promise<Buffer> {
    const request = requestOf(bound, { call, state }, call.request)
    const reply = bound.serialize(await bound.method.answer(state, request))
    state.responseBytes += reply.byteLength
    return reply
  }

  serverStream(bound: Bound<'server_stream'>): handleServerStreamingCall<Received, Buffer> {
    return (call) => {
      const state = this.#begin(call, bound)
      const stream = { bound, call, state }
      const answer = async () => {
        await bound.method.answer(state, requestOf(bound, stream, call.request), this.#sender(stream))
      }
      this.#finish(answer(), stream)
    }
  }

  bidi(bound: Bound<'bidi'>): handleBidiStreamingCall<Received, Buffer> {
    return (call) => {
      const state = this.#begin(call, bound)
      const stream = { bound, call, state }
      const inbox = this.#inboxOf(bound, call, state)
      const answer = async () => {
        await bound.method.answer(state, inbox, this.#sender(stream))
        if (this.#isClosing && !call.readableEnded) throw shuttingDown()
      }
      this.#finish(
        answer().finally(() => this.#inboxes.delete(inbox)),
        stream,
      )
    }
  }

  /** Streams whose clients may send more end once what they have sent is answered; resolves with the last call. */
  close(): Promise<void> {
    this.#isClosing = true
    for (const inbox of this.#inboxes) inbox.close()
    return new Promise((resolve) => {
      this.#onIdle = resolve
      if (this.#pending === 0) resolve()
    })
  }

  #begin(call: SurfaceCall, { path, service }: BoundMethod): CallState {
    const { requestIdFrom, onAccess } = this.#options
    const [callersId] = call.metadata.get('x-request-id')
    const state: CallState = new CallState(call, {
      path,
      requestId: requestIdFrom(callersId?.toString()),
      statusMessage: (thrown) => this.#reported(thrown, service, state.requestId).asMessage,
      onEnd: (record) => {
        onAccess?.(record)
        this.#pending--
        if (this.#pending === 0) this.#onIdle()
      },
    })
    this.#pending++
    return state
  }

  #inboxOf(bound: Bound<'bidi'>, call: ServerDuplexStream<Received, Buffer>, state: CallState): Inbox {
    const inbox = new Inbox(call)
    this.#inboxes.add(inbox)
    if (this.#isClosing) inbox.close()
    call.on('data', (received: Received) => {
      try {
        inbox.push(requestOf(bound, { call, state }, received))
      } catch (error) {
        this.#fail(error, { bound, call, state })
      }
    })
    const close = () => {
      inbox.close()
    }
    call.on('end', close)
    call.on('cancelled', close)
    state.signal.addEventListener('abort', close)
    return inbox
  }

  /** Never throws for a slow reader: whoever sends may be one of several at work for the call, which ends as a whole. */
  #sender(stream: OpenStream): Send {
    const { bound, call, state } = stream
    let unreadBytes = 0
    return (message) => {
      if (state.hasEnded) return
      if (unreadBytes > MAX_UNREAD_BYTES) {
        this.#fail(readerTooSlow(MAX_UNREAD_BYTES), stream)
        return
      }
      const bytes = bound.serialize(message)
      state.sendHeaders()
      state.responseBytes += bytes.byteLength
      unreadBytes += bytes.byteLength
      call.write(bytes, () => {
        unreadBytes -= bytes.byteLength
      })
    }
  }

  #finish(answer: Promise<void>, stream: OpenStream): void {
    answer.then(
      () => {
        stream.state.sendHeaders()
        if (stream.state.end('ok')) stream.call.end()
      },
      (error: unknown) => {
        this.#fail(error, stream)
      },
    )
  }

  #fail(error: unknown, { bound, call, state }: OpenStream): void {
    const ending = this.#endingOf(state, bound.service, error)
    if (ending === undefined) return
    call.emit('error', ending)
    state.stop()
  }

  /** @returns the status that is to be sent; undefined when the call has ended already */
  #endingOf(state: CallState, service: GrpcService, thrown: unknown): StatusObject | undefined {
    if (state.hasEnded) return undefined
    const { name, code, message, details } = this.#reported(thrown, service, state.requestId)
    state.end(name)
    const metadata = state.trailers()
    metadata.set(DETAILS_KEY, details)
    return { code, details: message, metadata }
  }

  #reported(thrown: unknown, service: GrpcService, requestId: string): CallStatus {
    const error = servingErrorFrom(thrown)
    if (error.code === 'internal') this.#options.report(error, requestId)
    return callStatus(error, service.statusOf?.(error))
  }
}

type OpenStream = {
  readonly bound: BoundMethod
  readonly call: ServerWritableStream<Received, Buffer> | ServerDuplexStream<Received, Buffer>
  readonly state: CallState
}

function requestOf(
  bound: BoundMethod,
  { call, state }: { readonly call: SurfaceCall; readonly state: CallState },
  received: Received,
): unknown {
  state.requestBytes += received.bytes.byteLength
  const request = bound.messageOf(received)
  bound.authorize(call, request)
  return request
}
