import { checkFeeds } from '../../worker/contract/check-feeds.ts'
import { requestRows } from '../../worker/contract/request-rows.ts'
import type { TensorsPayload } from '../../worker/contract/messages.ts'
import type { TensorMetadata } from '../../worker/contract/tensor.ts'
import { notServing, outputTwice, tensorsNotTaken, unknownOutput } from './errors.ts'
import type { ModelVersion } from './model-version.ts'

/**
 * Finds what is wrong with a request of tensors before it can share a batch.
 *
 * @returns it with its tensors in the order of the model's inputs
 * @throws ServingError `invalid_argument` | `unimplemented` (the handler takes no tensors) | `unavailable`
 */
export function checkTensorRequest(
  { model, workers, settings }: Pick<ModelVersion, 'model' | 'workers' | 'settings'>,
  payload: TensorsPayload,
): TensorsPayload {
  const report = workers?.report
  if (report === undefined) throw notServing(model, 'no_worker', 'its workers were taken away', 1000)
  if (report.tensorSupport === 'none') throw tensorsNotTaken(model)
  if (payload.outputs !== undefined) checkWanted(payload.outputs, report.outputs)
  const tensors = checkFeeds(report.inputs, payload.tensors)
  requestRows(tensors, { hasRows: workers?.hasRows ?? false, maxRequestRows: settings.maxRequestRows })
  return { ...payload, tensors }
}

function checkWanted(wanted: readonly string[], outputs: readonly TensorMetadata[]): void {
  const seen = new Set<string>()
  for (const name of wanted) {
    if (!outputs.some((output) => output.name === name)) throw unknownOutput(name, outputs)
    if (seen.has(name)) throw outputTwice(name)
    seen.add(name)
  }
}
