import type { InstanceReport } from '../../worker/contract/messages.ts'
import type { VersionMetadata } from './data-plane.ts'
import type { ModelVersion } from './model-version.ts'

/**
 * What clients may know of a version.
 *
 * @param report of a worker that has loaded it
 * @param versions of its model that can answer
 */
export function metadataOf(
  { model, artefact, settings, workers }: ModelVersion,
  { inputs, outputs, device, schemas, tensorSupport }: InstanceReport,
  versions: readonly string[],
): VersionMetadata {
  const { maxRequestRows, signatures, outputLabels, tritonConfig } = settings
  return {
    model,
    handler: artefact.handler,
    envelope: settings.serviceEnvelope,
    inputs,
    outputs,
    handlesTensors: tensorSupport === 'handler',
    hasRows: workers?.hasRows ?? false,
    versions,
    maxBatchRows: settings.maxBatchRows,
    device,
    ...(maxRequestRows === undefined ? {} : { maxRequestRows }),
    ...(signatures === undefined ? {} : { signatures }),
    ...(outputLabels === undefined ? {} : { outputLabels }),
    ...(tritonConfig === undefined ? {} : { tritonConfig }),
    ...(schemas === undefined ? {} : { schemas }),
  }
}
