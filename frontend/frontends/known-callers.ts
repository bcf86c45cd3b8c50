import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const MAX_KNOWN = 10_000
/** From it on, the primary may have answered before it looked at the token. */
const FIRST_FAILURE = 400

/**
 * Callers whose token the primary has accepted from their address. It alone counts wrong tokens, so that there are no
 * more guesses than with one process: who is not known here is passed on to it. A known token keeps working from its
 * address in the primary as well, whatever others there guess.
 */
export class KnownCallers {
  readonly #known = new Set<string>()

  knows(req: IncomingMessage): boolean {
    return this.#known.has(callerOf(req))
  }

  /** What the primary has answered to a request of inference. */
  note(req: IncomingMessage, status: number): void {
    if (status >= FIRST_FAILURE || req.headers.authorization === undefined) return
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.add(callerOf(req))
  }
}

/** No token is kept as it is. */
function callerOf({ headers, socket }: IncomingMessage): string {
  const token = createHash('sha256').update(headers.authorization ?? '')
  return `${socket.remoteAddress ?? ''} ${token.digest('base64')}`
}
