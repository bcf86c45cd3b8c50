import type { AnswerStream, RequestContext, Transport } from '../kernel/transport.ts'
import { handlerHeaders } from '../kernel/handler-headers.ts'

/** What a handler says with the first piece of its answer. */
type Head = { readonly status?: number; readonly headers?: Readonly<Record<string, string>> }

const CONTENT_TYPE = 'text/event-stream; charset=utf-8'

/** Server-sent events; the head leaves with the first. Clients of HTTP/1.0, which knows no chunks, get them at once. */
export class EventAnswer {
  readonly #transport: Transport
  readonly #ctx: RequestContext
  readonly #kept: string[] = []
  #head: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined
  #stream: AnswerStream | undefined

  constructor(transport: Transport, ctx: RequestContext) {
    this.#transport = transport
    this.#ctx = ctx
  }

  get hasBegun(): boolean {
    return this.#head !== undefined
  }

  /** @param json on one line */
  send(json: string, { status = 200, headers }: Head = {}): void {
    this.#head ??= {
      status,
      headers: { ...handlerHeaders(headers), 'content-type': CONTENT_TYPE, 'cache-control': 'no-cache' },
    }
    const event = `data: ${json}\n\n`
    if (this.#ctx.req.httpVersion === '1.0') {
      this.#kept.push(event)
      return
    }
    this.#stream ??= this.#transport.openStream(this.#ctx, this.#head)
    this.#stream.write(Buffer.from(event))
  }

  /** @throws ServingError what has cut the stream meanwhile */
  end(): void {
    if (this.#stream !== undefined) this.#stream.end(new Uint8Array())
    else if (this.#head !== undefined)
      this.#transport.send(this.#ctx, { ...this.#head, body: this.#kept.join('') })
  }
}
