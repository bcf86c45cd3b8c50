import type { ServingError } from '../../worker/contract/errors.ts'
import { send, type Answer, type AnswerContext } from './answer.ts'
import { ACCEPTED_ENCODINGS } from './content-encoding.ts'
import { servingErrorFrom, UNSUPPORTED_ENCODING } from './errors.ts'
import { cutResponse } from './stream.ts'

/**
 * How a dialect words an error. Total: it answers every code.
 *
 * @param path of the request, whose start tells the dialect; absent when the request had no readable head
 */
export type ErrorRenderer = (error: ServingError, path?: string) => Answer

/** Told of errors that are the server's or a handler's own, with what a log may show and a client may not. */
export type FailureReport = (error: ServingError, requestId: string) => void

export type ErrorHandling = { readonly renderError: ErrorRenderer; readonly report: FailureReport }

/** Turns whatever was thrown into the dialect's answer. Called where dialects are mounted, never per route. */
export function answerError(
  ctx: AnswerContext,
  thrown: unknown,
  { renderError, report }: ErrorHandling,
): void {
  const error = servingErrorFrom(thrown)
  if (ctx.res.headersSent) {
    // Its head has promised a success: it can only be cut, and its log line is all that says why.
    const reason = cutResponse(ctx, error)
    if (reason.reason !== 'client_gone') report(reason, ctx.state.requestId)
    return
  }
  if (error.code === 'internal') report(error, ctx.state.requestId)
  const answer = renderError(error, ctx.req.url)
  send(ctx, error.reason === UNSUPPORTED_ENCODING ? withAcceptedEncodings(answer) : answer)
}

/** RFC 9110, 12.5.3: so that the client knows what to send instead, whatever its dialect. */
function withAcceptedEncodings(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, 'accept-encoding': ACCEPTED_ENCODINGS.join(', ') } }
}
