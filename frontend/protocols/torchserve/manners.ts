import { ServingError } from '../../../worker/contract/errors.ts'
import { renderErrorWith } from './error-quirks.ts'
import type { HasQuirk } from './quirks.ts'
import type { Answer, AnswerHead, Transport } from '../kernel/transport.ts'

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
    openStream: (ctx, head) => transport.openStream(ctx, closing(head)),
  }
}

/** How errors are answered. */
export function errorRenderer(hasQuirk: HasQuirk): (error: ServingError) => Answer {
  const render = renderErrorWith(hasQuirk)
  if (!hasQuirk('connectionClose') && !hasQuirk('tokenErrorStatus')) return render
  const finish = hasQuirk('connectionClose') ? closing : (answer: Answer) => answer
  const translate = hasQuirk('tokenErrorStatus') ? badTokenAsBadRequest : (error: ServingError) => error
  return (error) => finish(render(translate(error)))
}

const TOKEN_REASONS = new Set([
  'token_missing',
  'token_unknown',
  'token_expired',
  'token_scope',
  'token_model',
])

function badTokenAsBadRequest(error: ServingError): ServingError {
  if (!TOKEN_REASONS.has(error.reason ?? '')) return error
  return new ServingError('invalid_argument', error.message, { reason: 'token' })
}

function closing<T extends AnswerHead>(answer: T): T {
  if (answer.status < FIRST_ERROR_STATUS) return answer
  return { ...answer, headers: { ...answer.headers, connection: 'close' } }
}
