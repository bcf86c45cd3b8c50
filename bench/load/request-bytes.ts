import type { LoadRequest } from './job.ts'

const HEAD_END = '\r\n\r\n'

/** The request as it is written to the socket. */
export function requestBytes({ method = 'POST', path, headers = {}, body = '' }: LoadRequest): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${bytes.byteLength}`,
  ]
  return Buffer.concat([Buffer.from(head.join('\r\n') + HEAD_END), bytes])
}

/** A request as most clients of JSON send it. */
export function jsonRequest(path: string, body: string): LoadRequest {
  return { path, headers: { 'Content-Type': 'application/json' }, body }
}
