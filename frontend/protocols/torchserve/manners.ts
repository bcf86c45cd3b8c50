import type { ServingError } from '../../../worker/contract/errors.ts'
import { renderError } from './errors.ts'
import type { HasQuirk } from './quirks.ts'
import type { Answer, Transport } from './transport.ts'

export { renderError } from './errors.ts'

/* Oddities that concern every answer, put on where the dialect meets its transport and its error boundary. */

const FIRST_ERROR_STATUS = 400

/** The transport as the dialect's routes use it; the same one where nothing is odd. */
export function withManners(options: {
  readonly transport: Transport
  readonly hasQuirk: HasQuirk
}): Transport {
  const { transport, hasQuirk } = options
  if (!hasQuirk('connectionClose')) return transport
  return {
    ...transport,
    send: (ctx, answer) => {
      transport.send(ctx, closing(answer))
    },
  }
}

/** How errors are answered. */
export function errorRenderer(hasQuirk: HasQuirk): (error: ServingError) => Answer {
  return hasQuirk('connectionClose') ? (error) => closing(renderError(error)) : renderError
}

function closing(answer: Answer): Answer {
  if (answer.status < FIRST_ERROR_STATUS) return answer
  return { ...answer, headers: { ...answer.headers, connection: 'close' } }
}
