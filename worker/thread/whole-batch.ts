import { rowCount } from '../contract/tensor-batch.ts'
import type { Handler, HandlerContext } from '../handler.ts'
import type { BatchMember, Stage } from './batch-member.ts'
import { timingSince, type Way, type WayResult } from './way.ts'

type Handle = NonNullable<Handler['handle']>

export type WholeBatchOptions = {
  readonly context: HandlerContext
  readonly stage: Stage
  /** How requests count in the prediction of waiting times: each as one, by the rows of their tensors, or not. */
  readonly counts: 'requests' | 'rows' | 'nothing'
  /** A throw fails all members, instead of those that throw once more alone. */
  readonly failsTogether?: boolean | undefined
}

/** The way of a batch whose handler answers it as a whole. */
export class WholeBatch implements Way {
  readonly #handle: Handle
  readonly #options: WholeBatchOptions

  constructor(handle: Handle, options: WholeBatchOptions) {
    this.#handle = handle
    this.#options = options
  }

  async run(members: readonly BatchMember[]): Promise<WayResult> {
    const startedAtMs = performance.now()
    const failure = await this.#tryAll(members)
    let replied = members
    if (failure !== undefined) replied = await this.#afterFailure(members, failure.error)
    const timing = timingSince(startedAtMs)
    if (this.#options.counts === 'nothing') return { members: replied, timing }
    const rows = members.reduce((sum, member) => sum + member.rows, 0)
    return { members: replied, timing: { ...timing, rows, runs: 1 } }
  }

  async #afterFailure(members: readonly BatchMember[], error: unknown): Promise<readonly BatchMember[]> {
    if (members.length === 1 || this.#options.failsTogether === true) {
      for (const member of members) member.fail(error, this.#options.stage)
      return members
    }
    const replied: BatchMember[] = []
    for (const member of members) replied.push(await this.#retried(member, error))
    return replied
  }

  /** @param error ends a member of whose answer a part is out already */
  async #retried(member: BatchMember, error: unknown): Promise<BatchMember> {
    if (member.hasStreamed) {
      member.fail(error, this.#options.stage)
      return member
    }
    const again = member.again()
    const failure = await this.#tryAll([again])
    if (failure !== undefined) again.fail(failure.error, this.#options.stage)
    return again
  }

  /** Answers all members, or says what the handler threw instead. */
  async #tryAll(members: readonly BatchMember[]): Promise<{ readonly error: unknown } | undefined> {
    const { stage, counts } = this.#options
    try {
      if (counts === 'rows') for (const member of members) countRows(member)
      const answers = await this.#handle(
        members.map(({ request }) => request),
        this.#options.context,
      )
      if (!Array.isArray(answers) || answers.length !== members.length) {
        const found = Array.isArray(answers) ? `${answers.length} answers` : `a ${typeof answers}`
        throw new Error(`${stage} returned ${found} for ${members.length} requests`)
      }
      for (const [index, member] of members.entries()) {
        const answer: unknown = answers[index]
        if (answer instanceof Error) member.fail(answer, stage)
        else member.answer(answer, stage)
      }
      return undefined
    } catch (error) {
      return { error }
    }
  }
}

/** Inputs that disagree are one row: what they are to each other, their handler knows. */
function countRows(member: BatchMember): void {
  const { tensors } = member.request
  if (tensors !== undefined) member.rows = rowCount(tensors) ?? 1
}
