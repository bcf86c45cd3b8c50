import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { discardBody, send } from './answer.ts'
import type { ErrorRenderer } from './error-boundary.ts'
import { otherProcessGone } from './errors.ts'
import { RequestState } from './request-state.ts'

/** Says, between processes of one server, whom a request came from. Of a client it is never believed. */
export const PEER_HEADER = 'x-onnxserve-peer'
/** No peer has an address on a unix socket. */
const NO_ADDRESS = 'local'

/** Of one connection alone. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding'])

/** Called with the head of the answer, before it is given to the client. */
type OnAnswer = (status: number) => void

/**
 * Gives requests to another process of this server, over a unix socket, and their answers back: heads as they are,
 * bodies as they come. A client that leaves is gone there, too.
 */
export class PassOn {
  readonly #socketPath: string
  readonly #renderError: ErrorRenderer
  readonly #agent = new Agent({ keepAlive: true })

  /** @param renderError words that the other process is not there */
  constructor(socketPath: string, renderError: ErrorRenderer) {
    this.#socketPath = socketPath
    this.#renderError = renderError
  }

  pass(req: IncomingMessage, res: ServerResponse, onAnswer: OnAnswer = () => undefined): void {
    const onward = request({
      socketPath: this.#socketPath,
      agent: this.#agent,
      method: req.method,
      path: req.url,
      headers: headersOf(req),
    })
    onward.on('continue', () => res.writeContinue())
    onward.once('response', (answer) => {
      onAnswer(answer.statusCode ?? 0)
      giveBack(answer, { req, res })
    })
    onward.on('error', () => {
      if (!res.headersSent) this.#refuse(req, res)
      else if (!res.writableEnded && !isAnswering.has(res)) res.destroy()
    })
    res.once('close', () => {
      if (!res.writableFinished) onward.destroy()
    })
    req.pipe(onward)
  }

  #refuse(req: IncomingMessage, res: ServerResponse): void {
    const state = new RequestState(req.headers['x-request-id'], res)
    send({ req, res, state }, this.#renderError(otherProcessGone(), req.url))
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Responses whose answer comes by itself: what becomes of the rest of the request does not matter to them. */
const isAnswering = new WeakSet<ServerResponse>()

type Exchange = { readonly req: IncomingMessage; readonly res: ServerResponse }

function giveBack(answer: IncomingMessage, { req, res }: Exchange): void {
  isAnswering.add(res)
  if (res.destroyed) return
  if (answer.headers.connection === 'close') res.shouldKeepAlive = false
  res.writeHead(
    answer.statusCode ?? 502,
    answer.statusMessage ?? '',
    rawWithout(answer.rawHeaders, HOP_BY_HOP),
  )
  answer.pipe(res, { end: false })
  answer.once('end', () => {
    const trailers = Object.entries(answer.trailers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as [string, string]],
    )
    if (trailers.length > 0) res.addTrailers(trailers)
    if (req.complete) res.end()
    else discardBody(req, () => res.end())
  })
  answer.once('close', () => {
    if (!answer.complete) res.destroy()
  })
}

/** As they came, but those of the connection, and with whom they came from. */
function headersOf(req: IncomingMessage): string[] {
  const own = new Set([...HOP_BY_HOP, PEER_HEADER])
  // The framing of the body stays what it was.
  if (req.headers['transfer-encoding'] !== undefined) own.delete('transfer-encoding')
  return [...rawWithout(req.rawHeaders, own), PEER_HEADER, req.socket.remoteAddress ?? NO_ADDRESS]
}

function rawWithout(rawHeaders: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [rawHeaders[i], rawHeaders[i + 1]]
    if (!names.has(name.toLowerCase())) kept.push(name, value)
  }
  return kept
}

/** Takes from a request that was passed on whom it came from, and leaves it as the client has sent it. */
export function takePeer(req: IncomingMessage): string | undefined {
  const peer = req.headers[PEER_HEADER]
  delete req.headers[PEER_HEADER]
  const kept = rawWithout(req.rawHeaders, new Set([PEER_HEADER, 'connection']))
  req.rawHeaders.splice(0, req.rawHeaders.length, ...kept)
  return typeof peer !== 'string' || peer === NO_ADDRESS ? undefined : peer
}
