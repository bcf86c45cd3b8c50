import { ServingError } from '../contract/errors.ts'
import type { LoadSpec, Operation } from '../contract/messages.ts'
import { formatModelId, type ModelId } from '../contract/model-id.ts'
import type { Handler, HandlerContext } from '../handler.ts'
import type { BatchMember } from './batch-member.ts'
import { timingSince, type Way, type WayResult } from './way.ts'
import { WholeBatch } from './whole-batch.ts'

/** The way of each operation. */
export type Ways = Readonly<Record<Operation, Way>>

export type WaysOptions = {
  readonly handler: Handler
  readonly context: HandlerContext
  readonly spec: LoadSpec
}

/** What a handler does beside predicting. */
export function waysOf(predict: Way, { handler, context, spec }: WaysOptions): Ways {
  const { model, failsWholeBatch: failsTogether } = spec
  return {
    predict,
    explain:
      handler.explain === undefined
        ? new Refusal(model)
        : new WholeBatch(handler.explain.bind(handler), {
            context,
            stage: 'explain',
            counts: 'nothing',
            failsTogether,
          }),
    describe: new Description(handler, context),
  }
}

class Refusal implements Way {
  readonly #model: ModelId

  constructor(model: ModelId) {
    this.#model = model
  }

  run(members: readonly BatchMember[]): Promise<WayResult> {
    const startedAtMs = performance.now()
    for (const member of members) {
      const message = `the handler of model '${formatModelId(this.#model)}' has no 'explain': it cannot say why it answers so`
      member.fail(new ServingError('unimplemented', message, { reason: 'operation' }), 'explain')
    }
    return Promise.resolve({ members, timing: timingSince(startedAtMs) })
  }
}

class Description implements Way {
  readonly #handler: Handler
  readonly #context: HandlerContext

  constructor(handler: Handler, context: HandlerContext) {
    this.#handler = handler
    this.#context = context
  }

  async run(members: readonly BatchMember[]): Promise<WayResult> {
    const startedAtMs = performance.now()
    for (const member of members) {
      try {
        member.answer((await this.#handler.describe?.(this.#context)) ?? {}, 'describe')
      } catch (error) {
        member.fail(error, 'describe')
      }
    }
    return { members, timing: timingSince(startedAtMs) }
  }
}
