/**
 * A whole response. `body` is written as it is, but for 204 and 304; length and `x-request-id` are added. A list is
 * written piece by piece: nothing is copied to join it.
 */
export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: AnswerBody
}

export type AnswerBody = Uint8Array | string | readonly Uint8Array[]

/** What is written: bytes, or more than one piece of them. */
export type Content = Uint8Array | Uint8Array[]

export const NOTHING = new Uint8Array()

/** A list of one piece is that piece; empty pieces are left out. */
export function contentOf(body: AnswerBody): Content {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  const pieces = body.filter((piece) => piece.byteLength > 0)
  return pieces.length > 1 ? pieces : (pieces[0] ?? NOTHING)
}

export function contentBytes(content: Content): number {
  return Array.isArray(content)
    ? content.reduce((sum, { byteLength }) => sum + byteLength, 0)
    : content.byteLength
}

/** In one piece. */
export function joined(body: AnswerBody): Uint8Array {
  const content = contentOf(body)
  return Array.isArray(content) ? Buffer.concat(content) : content
}

/** RFC 9110: who believed a length would take the next answer of the connection for the body of this one. */
export function endsWithHead(status: number): boolean {
  return status === 204 || status === 304
}
