/** Known by this mark in every copy of the module. */
const CONTINUED = Symbol.for('onnxserve.continued')

/** What {@link continueWith} makes. */
export type ContinuedAnswer = { readonly piece: unknown }

/**
 * For `handle` with `continuousBatching`: gives a piece of the request's answer, bytes, a string, or a value sent as
 * a line of JSON, and has the request in the next batch, too, with the same `state`. Without a piece, only the
 * latter. Any other answer is the last piece.
 */
export function continueWith(piece?: Uint8Array | string | object): ContinuedAnswer {
  return Object.assign({ piece }, { [CONTINUED]: true })
}

export function continuedPiece(answer: unknown): ContinuedAnswer | undefined {
  if (typeof answer !== 'object' || answer === null || !(CONTINUED in answer)) return undefined
  return { piece: Reflect.get(answer, 'piece') }
}
