import { request, type Agent, type IncomingHttpHeaders } from 'node:http'

export type HttpAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** As it came: nothing is unpacked. */
  readonly bytes: Buffer
}

export type HttpCall = {
  readonly method?: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly agent?: Agent
}

/** One HTTP exchange; rejects only when no answer came. */
export function http(url: string, call: HttpCall = {}): Promise<HttpAnswer> {
  const { method = call.body === undefined ? 'GET' : 'POST', body, headers = {}, agent } = call
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, headers, ...(agent === undefined ? {} : { agent }) },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks)
          const { statusCode: status = 0, headers } = incoming
          resolve({ status, headers, bytes, text: bytes.toString() })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const JSON_HEADERS = { 'content-type': 'application/json' }

/** Posts a value as JSON. */
export function postJson(url: string, value: unknown, call: HttpCall = {}): Promise<HttpAnswer> {
  return http(url, { ...call, body: JSON.stringify(value), headers: { ...JSON_HEADERS, ...call.headers } })
}

/** Asks until the answer satisfies the test; the test's own time limit ends a wait that is too long. */
export async function until(url: string, isDone: (answer: HttpAnswer) => boolean): Promise<HttpAnswer> {
  for (;;) {
    const answer = await http(url)
    if (isDone(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

const POLL_MS = 20
