import type { BatchTiming } from '../contract/messages.ts'
import type { Handler, HandlerContext } from '../handler.ts'
import type { BatchMember } from './batch-member.ts'

type Handle = NonNullable<Handler['handle']>

/** The way of a batch whose handler answers it as a whole. */
export class WholeBatch {
  readonly #handle: Handle
  readonly #context: HandlerContext

  constructor(handle: Handle, context: HandlerContext) {
    this.#handle = handle
    this.#context = context
  }

  /** Replies, one per member; members that were tried again are other objects than those given. */
  async run(
    members: readonly BatchMember[],
  ): Promise<{ members: readonly BatchMember[]; timing: BatchTiming }> {
    const startedAtMs = performance.now()
    const failure = await this.#tryAll(members)
    let replied = members
    if (failure !== undefined) replied = await this.#afterFailure(members, failure.error)
    const inferenceMs = performance.now() - startedAtMs
    return {
      members: replied,
      timing: { preprocessMs: 0, inferenceMs, postprocessMs: 0, rows: members.length, runs: 1 },
    }
  }

  async #afterFailure(members: readonly BatchMember[], error: unknown): Promise<readonly BatchMember[]> {
    if (members.length === 1) {
      members[0]?.fail(error, 'handle')
      return members
    }
    const replied: BatchMember[] = []
    for (const member of members) replied.push(await this.#retried(member, error))
    return replied
  }

  /** @param error ends a member of whose answer a part is out already */
  async #retried(member: BatchMember, error: unknown): Promise<BatchMember> {
    if (member.hasStreamed) {
      member.fail(error, 'handle')
      return member
    }
    const again = member.again()
    const failure = await this.#tryAll([again])
    if (failure !== undefined) again.fail(failure.error, 'handle')
    return again
  }

  /** Answers all members, or says what the handler threw instead. */
  async #tryAll(members: readonly BatchMember[]): Promise<{ readonly error: unknown } | undefined> {
    try {
      const answers = await this.#handle(
        members.map(({ request }) => request),
        this.#context,
      )
      if (!Array.isArray(answers) || answers.length !== members.length) {
        const found = Array.isArray(answers) ? `${answers.length} answers` : `a ${typeof answers}`
        throw new Error(`handle returned ${found} for ${members.length} requests`)
      }
      for (const [index, member] of members.entries()) {
        const answer: unknown = answers[index]
        if (answer instanceof Error) member.fail(answer, 'handle')
        else member.answer(answer, 'handle')
      }
      return undefined
    } catch (error) {
      return { error }
    }
  }
}
