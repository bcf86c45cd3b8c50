import type { VersionDescription } from './core/control-plane.ts'
import { isVariable, type TensorMetadata } from '../worker/contract/tensor.ts'

export type StartupFacts = {
  readonly addresses: { readonly inference: string; readonly management: string; readonly metrics: string }
  readonly versions: readonly VersionDescription[]
  /** Archives of the store that are not registered. */
  readonly unregistered: readonly string[]
  readonly failures: readonly string[]
}

/** What a person reads when the server has started: what is served, on what, how, why, and what to type next. */
export function startupReport(facts: StartupFacts): string[] {
  const { addresses, versions, unregistered, failures } = facts
  return [
    `OnnxServe listens on ${addresses.inference} (inference), ${addresses.management} (management), ${addresses.metrics} (metrics)`,
    ...versions.map(versionLine),
    ...(versions.length === 0 ? ['no model is registered'] : []),
    ...unregistered.map(
      (archive) =>
        `${archive} is in the model store, not registered: curl -X POST "${addresses.management}/models?url=${archive}&initial_workers=1"`,
    ),
    ...failures.map((failure) => `FAILED ${failure}`),
  ]
}

function versionLine(version: VersionDescription): string {
  const { model, workers, workerProcesses, intraOpThreads, provider, state, reason } = version
  const name = `${model.name} ${model.version}`
  if (state !== 'ready') return `${name}: ${state}${reason === undefined ? '' : ` (${reason})`}`
  const layout = `${count(workers.length, 'worker')} in ${count(workerProcesses, 'process', 'processes')}, ${count(intraOpThreads, 'thread')} each (${version.layoutReason})`
  return `${name}: ready on ${provider.device.provider} (${provider.reason}); ${layout}`
}

function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`
}

/** A request that can be typed as it is, derived from the model's inputs; undefined where the handler decides. */
export function exampleRequest(version: VersionDescription, inferenceAddress: string): string | undefined {
  const url = `${inferenceAddress}/predictions/${version.model.name}`
  if (version.handler !== 'tensor' || version.inputs === undefined) return undefined
  const body = Object.fromEntries(version.inputs.map((input) => [input.name, exampleRows(input)]))
  const text = JSON.stringify(body)
  return text.length > MAX_EXAMPLE_CHARACTERS
    ? undefined
    : `curl -d '${text}' -H 'Content-Type: application/json' ${url}`
}

const MAX_EXAMPLE_CHARACTERS = 300

function exampleRows({ shape, dtype }: TensorMetadata): unknown {
  const value = dtype === 'BYTES' ? 'text' : dtype === 'BOOL' ? true : 0
  return shape.reduceRight<unknown>(
    (inner, dimension) => Array.from({ length: isVariable(dimension) ? 1 : Number(dimension) }, () => inner),
    value,
  )
}
