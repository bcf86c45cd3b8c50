import type { Middleware } from 'koa'
import type { ServingError } from '../../worker/contract/errors.ts'
import { send, type Answer } from './answer.ts'
import { servingErrorFrom } from './errors.ts'
import type { RequestState } from './request-state.ts'

/** How a dialect words an error. Total: it answers every code. */
export type ErrorRenderer = (error: ServingError) => Answer

/** Told of errors that are the server's or a handler's own, with what a log may show and a client may not. */
export type FailureReport = (error: ServingError, requestId: string) => void

/** Turns whatever is thrown below it into the dialect's answer. Mounted once around a dialect, never per route. */
export function errorBoundary(render: ErrorRenderer, report: FailureReport): Middleware<RequestState> {
  return async (ctx, next) => {
    try {
      await next()
    } catch (thrown) {
      const error = servingErrorFrom(thrown)
      if (error.code === 'internal') report(error, ctx.state.requestId)
      send(ctx, render(error))
    }
  }
}
