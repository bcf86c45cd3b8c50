import { send } from '../../frontend/http/answer.ts'
import type { Mount } from '../../frontend/http/app.ts'
import { readBody } from '../../frontend/http/body.ts'
import { gate, type Gate } from './gate.ts'

export const echo: Mount = {
  routes: ['ANY /echo'],
  middleware: async (ctx, next) => {
    if (ctx.path !== '/echo') return void (await next())
    const body = await readBody(ctx, 1000)
    send(ctx, { status: 200, headers: { 'content-type': 'text/plain' }, body })
  },
}

/** Says when a request has arrived, and answers when it is told to. */
export function held(): Mount & { readonly arrived: Gate<AbortSignal>; readonly answer: Gate<void> } {
  const arrived = gate<AbortSignal>()
  const answer = gate()
  return {
    arrived,
    answer,
    routes: [],
    middleware: async (ctx) => {
      arrived.open(ctx.state.signal)
      await answer.promise
      send(ctx, { status: 200, headers: {}, body: 'held' })
    },
  }
}
