import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import { messageTooLate, servingErrorFrom, shuttingDown } from './errors.ts'
import type { ServingError } from '../../worker/contract/errors.ts'
import type { CallScope } from './service.ts'
import { DETAILS_KEY, type CallStatus } from './status.ts'

/** Who asks, as this transport knows it. */
export type Caller = {
  readonly authorization: string | undefined
  readonly remoteAddress: string | undefined
}

/** What an accepted caller may reach; without `models` every model. */
export type Grant = { readonly models?: ReadonlySet<string> }

/** What a call needs a token for. */
export type Asked = {
  /** Absent: the listener's own. */
  readonly scope?: CallScope | undefined
  readonly model?: string
}

/** @throws ServingError `unauthenticated` | `permission_denied` | `resource_exhausted` */
export type Authorize = (caller: Caller, asked: Asked) => Grant

export type GateOptions = {
  readonly authorize: Authorize
  /** How long a request may take to arrive, to its end; a stream of them may last. */
  readonly requestTimeoutMs: number
  /** Whether anybody may call the method. */
  readonly isOpen: (path: string) => boolean
  /** What a token for the method has to be for; undefined: the listener's own scope. */
  readonly scopeOf: (path: string) => CallScope | undefined
  /** Whether a call may last for as long as its client likes, and be cut short when the listener closes. */
  readonly isEndless: (path: string) => boolean
  /** Words an error in the manner of the service that was called, and records the call. */
  readonly refuse: (path: string, error: ServingError, metadata: Metadata) => CallStatus
}

/** Decides on a call when its metadata has arrived: nothing more is read for a caller who may not ask. */
export class Gate {
  readonly #options: GateOptions
  readonly #endless = new Set<Incoming>()
  readonly #admitted = new WeakMap<Metadata, Admitted>()

  constructor(options: GateOptions) {
    this.#options = options
  }

  readonly interceptor: ServerInterceptor = ({ path, requestStream }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next(this.#listener({ path, requestStream }, call))
      },
    })

  /** Ends the calls that nothing else would end. */
  close(): void {
    for (const incoming of this.#endless) this.#refuse(incoming, shuttingDown())
  }

  /** A caller whose token is for certain models is asked again when its model is known. */
  checkModel(metadata: Metadata, model: string | undefined): void {
    const admitted = this.#admitted.get(metadata)
    if (admitted?.grant.models === undefined || model === undefined) return
    this.#options.authorize(admitted.caller, { scope: admitted.scope, model })
  }

  #listener(
    { path, requestStream }: { readonly path: string; readonly requestStream: boolean },
    call: ServerInterceptingCallInterface,
  ) {
    let timer: NodeJS.Timeout | undefined
    let incoming: Incoming | undefined
    const stopTimer = () => {
      clearTimeout(timer)
    }
    return {
      onReceiveMetadata: (metadata: Metadata, next: (metadata: Metadata) => void) => {
        incoming = { path, call, metadata }
        if (!this.#isAdmitted(incoming)) return
        if (this.#options.isEndless(path)) this.#endless.add(incoming)
        // A stream may be opened long before its client has something to say.
        if (!requestStream) timer = this.#startTimer(incoming)
        next(metadata)
      },
      onReceiveHalfClose: (next: () => void) => {
        stopTimer()
        next()
      },
      /** Also when the call has ended well. */
      onCancel: () => {
        stopTimer()
        if (incoming !== undefined) this.#endless.delete(incoming)
      },
    }
  }

  #isAdmitted(incoming: Incoming): boolean {
    try {
      this.#admit(incoming)
      return true
    } catch (error) {
      this.#refuse(incoming, error)
      return false
    }
  }

  #admit({ path, call, metadata }: Incoming): void {
    if (this.#options.isOpen(path)) return
    const caller = callerOf(metadata, call.getConnectionInfo().remoteAddress)
    const scope = this.#options.scopeOf(path)
    this.#admitted.set(metadata, { caller, scope, grant: this.#options.authorize(caller, { scope }) })
  }

  #startTimer(incoming: Incoming): NodeJS.Timeout {
    const { requestTimeoutMs } = this.#options
    return setTimeout(() => {
      this.#refuse(incoming, messageTooLate(requestTimeoutMs))
    }, requestTimeoutMs).unref()
  }

  #refuse({ path, call, metadata }: Incoming, thrown: unknown): void {
    const { code, message, details } = this.#options.refuse(path, servingErrorFrom(thrown), metadata)
    const trailers = new Metadata()
    trailers.set(DETAILS_KEY, details)
    call.sendStatus({ code, details: message, metadata: trailers })
  }
}

type Admitted = {
  readonly caller: Caller
  readonly scope: CallScope | undefined
  readonly grant: Grant
}

type Incoming = {
  readonly path: string
  readonly call: ServerInterceptingCallInterface
  readonly metadata: Metadata
}

function callerOf(metadata: Metadata, remoteAddress: string | undefined): Caller {
  const values = metadata.get('authorization')
  // Two of them are no header that one party wrote: it is as if there were none.
  const authorization = values.length === 1 ? values[0]?.toString() : undefined
  return { authorization, remoteAddress }
}
