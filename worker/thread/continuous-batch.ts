import { ServingError } from '../contract/errors.ts'
import { continuedPiece } from '../handler-api/continue-with.ts'
import type { Handler, HandlerContext } from '../handler.ts'
import type { BatchMember } from './batch-member.ts'
import type { BatchMemberRequest } from './handler-request.ts'
import { timingSince, type Way, type WayResult } from './way.ts'

type Handle = NonNullable<Handler['handle']>

/** TorchServe's header by which a handler says that its answer goes on. */
const STREAM_NEXT = 'ts_stream_next'

/**
 * The way of continuous batching: each batch is one turn of its requests, which the handler sees again, with their
 * state, until their last piece.
 */
export class ContinuousBatch implements Way {
  readonly #handle: Handle
  readonly #context: HandlerContext
  /** Those that go on, by the keys of their turns. */
  readonly #kept = new Map<number, BatchMemberRequest>()

  constructor(handle: Handle, context: HandlerContext) {
    this.#handle = handle
    this.#context = context
  }

  async run(members: readonly BatchMember[]): Promise<WayResult> {
    const startedAtMs = performance.now()
    const turns = members.map((member) => this.#resumed(member))
    this.#keepOnly(new Set(turns))
    const open = members.filter(({ isOpen }) => isOpen)
    if (open.length > 0) await this.#turn(open)
    for (const [index, member] of members.entries()) {
      const key = turns[index]
      if (key === undefined) continue
      if (member.hasMore) this.#kept.set(key, member.request)
      else this.#kept.delete(key)
    }
    return { members, timing: { ...timingSince(startedAtMs), rows: members.length, runs: 1 } }
  }

  /** @returns the key of its turn */
  #resumed(member: BatchMember): number | undefined {
    const { turn } = member.request
    if (turn?.continues !== true) return turn?.key
    const request = this.#kept.get(turn.key)
    if (request !== undefined) member.resume(request)
    else {
      const message = 'the worker has not kept this request from its last turn'
      member.fail(new ServingError('unavailable', message, { reason: 'worker_died' }), 'handle')
    }
    return turn.key
  }

  /** A request that is missing has left: nobody waits for it. */
  #keepOnly(keys: ReadonlySet<number | undefined>): void {
    for (const key of this.#kept.keys()) if (!keys.has(key)) this.#kept.delete(key)
  }

  /**
   * A throw fails all requests of the turn, unlike that of a batch, whose requests are tried once more alone: what the
   * handler had done to their states by then, nobody knows, and a step done twice would make a wrong answer that looks
   * right. A handler that knows who is to blame answers an `Error` in that request's place.
   */
  async #turn(members: readonly BatchMember[]): Promise<void> {
    try {
      const requests = members.map(({ request }) => request)
      const answers = await this.#handle(requests, this.#context)
      if (!Array.isArray(answers) || answers.length !== members.length) {
        const found = Array.isArray(answers) ? `${answers.length} answers` : `a ${typeof answers}`
        throw new Error(`handle returned ${found} for ${members.length} requests`)
      }
      for (const [index, member] of members.entries()) take(member, answers[index])
    } catch (error) {
      for (const member of members) member.fail(error, 'handle')
    }
  }
}

function take(member: BatchMember, answer: unknown): void {
  const continued = continuedPiece(answer)
  if (answer instanceof Error) member.fail(answer, 'handle')
  else if (continued !== undefined) member.goOn(continued.piece, 'handle')
  else if (member.request.response.headers[STREAM_NEXT] === 'true') member.goOn(answer, 'handle')
  else member.answer(answer, 'handle')
}
