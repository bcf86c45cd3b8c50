import { STATUS_CODES } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { isAnsweredEarly } from './answer.ts'
import { joined, type Answer } from './answer-body.ts'
import type { ErrorRenderer } from './error-boundary.ts'
import { errorFromClientError } from './errors.ts'
import { Socket } from 'node:net'

/**
 * Answers a connection whose bytes are no request, or came too slowly, and closes it.
 *
 * @param pending the response that this connection waits for, if one is being made
 */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  { pending, render }: { readonly pending: ServerResponse | undefined; readonly render: ErrorRenderer },
): void {
  const refusal = errorFromClientError(error.code)
  if (refusal === undefined || !socket.writable || hasAnswer(socket, pending)) {
    socket.destroy(error)
  } else if (pending?.req.complete === true) {
    // Garbage behind a whole request: that request still gets its own answer, then the connection ends.
    pending.shouldKeepAlive = false
    pending.once('close', () => socket.destroy())
  } else {
    socket.end(rawResponse(render(refusal)), () => socket.destroy())
  }
}

function hasAnswer(socket: Duplex, pending: ServerResponse | undefined): boolean {
  return pending?.headersSent === true || (socket instanceof Socket && isAnsweredEarly(socket))
}

function rawResponse({ status, headers, ...answer }: Answer): string {
  const body = Buffer.from(joined(answer.body)).toString()
  const own = Object.entries(headers).filter(([name]) => name !== 'connection') // the dialects' names are lower case
  const fields = [...own, ['connection', 'close'], ['content-length', String(Buffer.byteLength(body))]]
  const lines = fields.map(([name = '', value = '']) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`
}
