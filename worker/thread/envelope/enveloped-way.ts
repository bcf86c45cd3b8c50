import { ServingError } from '../../contract/errors.ts'
import type { BatchRequest, BatchResponse } from '../../contract/messages.ts'
import type { RequestLink } from '../batch-link.ts'
import type { BatchMember } from '../batch-member.ts'
import type { Ways } from '../operations.ts'
import { timingSince, type Way, type WayResult } from '../way.ts'
import type { Envelope, InnerRequest, OpenedRequest } from './envelope.ts'

type Opened = {
  readonly member: BatchMember
  readonly opened: OpenedRequest
  readonly inner: readonly BatchMember[]
}

/** Descriptions carry no body, hence no envelope. */
export function enveloped(ways: Ways, envelope: Envelope | undefined): Ways {
  if (envelope === undefined) return ways
  const predict = new EnvelopedWay(ways.predict, envelope)
  return { ...ways, predict, explain: new EnvelopedWay(ways.explain, envelope) }
}

/**
 * A way whose requests come in envelopes: what is inside of all of them runs together, and each answer goes back
 * into the envelope of its request. An inner error fails its own request alone.
 */
class EnvelopedWay implements Way {
  readonly #way: Way
  readonly #envelope: Envelope

  constructor(way: Way, envelope: Envelope) {
    this.#way = way
    this.#envelope = envelope
  }

  async run(members: readonly BatchMember[]): Promise<WayResult> {
    const startedAtMs = performance.now()
    const all = members.flatMap((member) => this.#open(member))
    const inside = all.flatMap(({ inner }) => inner)
    // Empty envelopes, and broken ones, are no business of the handler.
    const { members: replied, timing } =
      inside.length === 0 ? { members: [], timing: timingSince(startedAtMs) } : await this.#way.run(inside)
    let next = 0
    for (const { member, opened, inner } of all) {
      seal(member, opened, replied.slice(next, next + inner.length))
      next += inner.length
    }
    return { members, timing }
  }

  /** A request that a dialect has decoded has no envelope any more, but is one request all the same. */
  #open(member: BatchMember): Opened[] {
    try {
      const opened = member.request.tensors === undefined ? this.#envelope.open(member.request) : AS_IT_IS
      const inner =
        opened === AS_IT_IS ? [member.again()] : opened.inner.map((each) => innerMember(member, each))
      return [{ member, opened, inner }]
    } catch (error) {
      member.fail(error, 'preprocess')
      return []
    }
  }
}

const AS_IT_IS: OpenedRequest = {
  inner: [],
  seal: ([answer]) => answer ?? { payload: { kind: 'bytes', bytes: new Uint8Array(0) } },
}

function innerMember(member: BatchMember, { payload, record }: InnerRequest): BatchMember {
  const request = (outer: BatchRequest): BatchRequest => ({ ...outer, payload })
  return member.inner({ request, record, link: withoutPieces })
}

/** Pieces cannot go out before the envelope around the whole is known. */
function withoutPieces(link: RequestLink): RequestLink {
  return {
    send: () => {
      throw new ServingError(
        'internal',
        'the handler streams, which no service envelope can carry; set serviceEnvelope to none for this model',
        { reason: 'handler' },
      )
    },
    isCancelled: () => link.isCancelled(),
    onCancel: (listener) => {
      link.onCancel(listener)
    },
  }
}

function seal(member: BatchMember, opened: OpenedRequest, inner: readonly BatchMember[]): void {
  const answers: BatchResponse[] = []
  for (const { reply } of inner) {
    if (!reply.ok) {
      member.settle(reply)
      return
    }
    answers.push(reply.value)
  }
  const rows = answers.reduce((sum, answer) => sum + (answer.rows ?? 1), 0)
  try {
    const sealed = opened.seal(answers)
    member.settle({ ok: true, value: rows === 1 ? sealed : { ...sealed, rows } })
  } catch (error) {
    member.fail(error, 'postprocess')
  }
}
