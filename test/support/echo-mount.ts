import { send } from '../../frontend/http/answer.ts'
import type { Mount } from '../../frontend/http/app.ts'
import { readBody } from '../../frontend/http/body.ts'

export const MAX_ECHO_BYTES = 1_000_000

/** Answers with what it understood of the request. */
export const requestEcho: Mount = {
  routes: ['POST /echo'],
  middleware: async (ctx, next) => {
    if (ctx.path !== '/echo') return next() as Promise<void>
    const body = await readBody(ctx, MAX_ECHO_BYTES)
    const { httpVersion, headers, method, url } = ctx.req
    const names = Object.keys(headers).filter((name) => name.startsWith(':'))
    const heard = { httpVersion, method, url, host: headers.host, names, bytes: body.byteLength }
    send(ctx, {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(heard),
    })
    return undefined
  },
}

/** What `echo` answered. */
export function heardIn({ text }: { readonly text: string }) {
  return JSON.parse(text) as { readonly httpVersion: string; readonly bytes: number }
}
