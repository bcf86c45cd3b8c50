/** The encoding to answer in: the client's favourite, and of several the one that comes first here. */
export type AcceptedEncoding<E extends string> = {
  /** Absent: the answer goes out as it is. */
  readonly encoding?: E
  /** The client does not take an answer as it is, whatever it holds. */
  readonly refusesIdentity: boolean
}

/**
 * Reads an `Accept-Encoding` header; what is malformed in it counts as not said.
 *
 * @param served in the order of the server's preference
 * @see RFC 9110, 12.5.3
 */
export function acceptedEncoding<E extends string>(
  header: string,
  served: readonly E[],
): AcceptedEncoding<E> {
  const weights = weightsOf(header)
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0
  // Not named, it is acceptable, but only a client's second choice.
  const identity = weights.get('identity') ?? (weights.get('*') === 0 ? 0 : LEAST)
  const best = served.reduce<E | undefined>(
    (chosen, each) => (weightOf(each) > (chosen === undefined ? 0 : weightOf(chosen)) ? each : chosen),
    undefined,
  )
  const refusesIdentity = identity === 0
  if (best === undefined || weightOf(best) < identity) return { refusesIdentity }
  return { encoding: best, refusesIdentity }
}

const LEAST = 0.001
/** Nobody knows more encodings; what follows is not read. */
const MAX_MEMBERS = 32
const MEMBER = /^\s*([\w*!#$%&'+.^`|~-]+)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$/i

function weightsOf(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const member of header.split(',', MAX_MEMBERS)) {
    const [, name, weight = '1'] = MEMBER.exec(member) ?? []
    if (name !== undefined) weights.set(canonical(name.toLowerCase()), Number(weight))
  }
  return weights
}

function canonical(name: string): string {
  return name === 'x-gzip' ? 'gzip' : name
}
