import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Middleware, ParameterizedContext } from 'koa'
import type { RequestPart } from '../../../worker/contract/messages.ts'

/* What dialects need of their transport. `frontend/http` has it all; the composition root hands it over. */

/** `ctx.state` of every request. */
export type RequestState = {
  readonly requestId: string
  /** Whether the caller has gone away. */
  readonly aborted: boolean
  /** Aborts then; made when it is asked for. */
  readonly signal: AbortSignal
  /** For the access log. */
  model: string | undefined
  /** Whom the request came from, where that is not the peer of its connection. */
  readonly remoteAddress?: string | undefined
  requestBytes: number
  responseBytes: number
  /** Set for a caller who may use certain models only: throws for the others. */
  checkModel: ((model: string) => void) | undefined
}

/** A request and its answer. */
export type RequestContext = {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly state: RequestState
}

/** What the router makes of them. */
export type RoutedContext = ParameterizedContext<RequestState>

export type AnswerHead = { readonly status: number; readonly headers: Readonly<Record<string, string>> }

/** A whole response. A list of pieces is written as one body without being joined. */
export type Answer = AnswerHead & { readonly body: Uint8Array | string | readonly Uint8Array[] }

/** One whose body is text. */
export type TextAnswer = AnswerHead & { readonly body: string }

/** A response that goes out while it is being made. Writing never waits. */
export type AnswerStream = {
  write(bytes: Uint8Array): void
  /** The last piece. @throws ServingError what has cut the response before */
  end(bytes: Uint8Array): void
}

export type Transport = {
  /** Size of the body by its head; undefined when it comes in chunks. */
  announcedBytes(req: IncomingMessage): number | undefined
  /**
   * The whole body, unpacked.
   *
   * @param alignedAt the byte of it that is to lie at a multiple of 8 in its buffer, 0 unless given, so that a tensor
   * that starts there is read in place; a body that came in one small piece is given as it lies.
   * @throws ServingError `resource_exhausted` | `invalid_argument` | `cancelled`
   */
  readBody(ctx: RequestContext, maxBytes: number, alignedAt?: number): Promise<Uint8Array>
  /** The memory of a body may be used for the next one: nobody looks at it any more, nor at anything made over it. */
  giveBack(body: Uint8Array): void
  isForm(contentType: string | undefined): contentType is string
  /** @throws ServingError `invalid_argument` */
  partsFromForm(contentType: string, body: Uint8Array): Promise<RequestPart[]>
  send(ctx: RequestContext, answer: Answer): void
  /** After it, an error that is thrown can only cut the response. */
  openStream(ctx: RequestContext, head: AnswerHead): AnswerStream
}

/** The routes of one listener, ready to be mounted. */
export type Mount = {
  readonly middleware: Middleware<RequestState>
  /** Serves the routes of most traffic past the middleware. Undefined: it is another route. */
  readonly hot?: (ctx: RequestContext) => Promise<void> | undefined
  readonly routes: readonly string[]
}

/** JSON for people: indented, with a newline at the end. */
export function jsonAnswer(status: number, value: unknown): TextAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify(value, undefined, 2)}\n`,
  }
}
