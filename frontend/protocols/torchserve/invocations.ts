import type { RequestPart } from '../../../worker/contract/messages.ts'
import type { ModelPresence } from '../../core/data-plane.ts'
import { requestFromHttp } from './codec.ts'
import { badRequest } from './errors.ts'
import { predict, type PredictionOptions } from './predictions.ts'
import type { RequestContext } from '../kernel/transport.ts'

/** Names the model of an invocation, in its query or in its form; it is no input. */
const MODEL_NAME = 'model_name'

export type InvocationOptions = PredictionOptions & {
  /** Of a form that has to be read before its model is known. */
  readonly maxRequestBytes: number
}

/**
 * `POST /invocations`, SageMaker's route: of the model that the query names, else a form field, else of the only
 * model there is.
 *
 * @throws ServingError `invalid_argument` when none of them tells the model
 */
export async function invoke(options: InvocationOptions, ctx: RequestContext, query: string): Promise<void> {
  const { dataPlane, transport, maxRequestBytes } = options
  const inputs = new URLSearchParams(query)
  const named = inputs.get(MODEL_NAME)
  inputs.delete(MODEL_NAME)
  if (named !== null && named !== '') {
    await predict(options, ctx, { model: { name: named }, inputs })
    return
  }
  if (!transport.isForm(ctx.req.headers['content-type'])) {
    await predict(options, ctx, { model: { name: onlyModel(dataPlane.models()) }, inputs })
    return
  }
  const payload = await requestFromHttp(transport, ctx, { maxBytes: maxRequestBytes, inputs })
  const parts = payload.kind === 'parts' ? payload.parts : []
  const name = fieldOf(parts) ?? onlyModel(dataPlane.models())
  const others = parts.filter((part) => part.name !== MODEL_NAME)
  await predict(options, ctx, { model: { name }, payload: { kind: 'parts', parts: others } })
}

function fieldOf(parts: readonly RequestPart[]): string | undefined {
  const field = parts.find((part) => part.name === MODEL_NAME)
  const text = field === undefined ? '' : Buffer.from(field.bytes).toString()
  return text === '' ? undefined : text
}

/** The only one that was loaded at the start, as TorchServe has it; of models registered later, the only one. */
function onlyModel(models: readonly ModelPresence[]): string {
  const atStartup = models.filter(({ loadedAtStartup }) => loadedAtStartup)
  const candidates = atStartup.length > 0 ? atStartup : models
  const [only, ...others] = candidates
  if (only !== undefined && others.length === 0) return only.name
  const found =
    only === undefined ? 'none is registered' : `there are ${candidates.map(({ name }) => name).join(', ')}`
  throw badRequest(
    `which model is meant? Name it with the parameter '${MODEL_NAME}', in the query or as a form field; ${found}`,
  )
}
