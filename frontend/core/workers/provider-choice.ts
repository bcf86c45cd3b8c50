import { ServingError } from '../../../worker/contract/errors.ts'
import type { ExecutionProvider, ProviderFinding } from '../../../worker/contract/messages.ts'
import type { VersionSettings } from '../settings.ts'

export type ProviderChoice = {
  readonly provider: ExecutionProvider
  /** Why this one, and why not a better one. */
  readonly reason: string
}

/**
 * The order of `auto`: the fastest first. TensorRT is for those who list it: it builds its engines for minutes each
 * time that a worker loads a model, because onnxruntime-node gives it no cache.
 */
export const AUTO_ORDER = ['cuda', 'webgpu', 'cpu'] as const satisfies readonly ExecutionProvider[]

/**
 * Picks the first usable provider of a model's setting.
 *
 * `auto` always ends at the CPU. An explicit list that holds no usable provider is an error: a model that asked
 * for a GPU never runs on the CPU in silence.
 *
 * @throws ServingError `failed_precondition` with the reason of each provider that cannot run.
 */
export function chooseProvider(
  setting: 'auto' | readonly ExecutionProvider[],
  findings: readonly ProviderFinding[],
): ProviderChoice {
  const wanted: readonly ExecutionProvider[] = setting === 'auto' ? AUTO_ORDER : setting
  const considered = wanted.map((provider) => findingOf(provider, findings))
  const index = considered.findIndex((finding) => finding.usable)
  const chosen = considered[index]
  if (chosen === undefined) {
    throw new ServingError(
      'failed_precondition',
      `none of the model's executionProviders can run here: ${considered.map(notUsable).join('; ')}`,
      { reason: 'execution_provider' },
    )
  }
  const passedOver = considered.slice(0, index).map(notUsable)
  const why = setting === 'auto' ? 'chosen by auto' : 'configured'
  return { provider: chosen.provider, reason: [why, ...passedOver].join('; ') }
}

/**
 * The providers that a model may have: what its settings say, kept to the kind of device that it asks for and to
 * the GPUs of the server.
 *
 * @throws ServingError `failed_precondition` when nothing is left.
 */
export function wantedProviders(
  { executionProviders, deviceType }: Pick<VersionSettings, 'executionProviders' | 'deviceType'>,
  gpus: number,
): 'auto' | readonly ExecutionProvider[] {
  if (deviceType === undefined && gpus > 0) return executionProviders
  const listed: readonly ExecutionProvider[] = executionProviders === 'auto' ? AUTO_ORDER : executionProviders
  const ofKind = listed.filter(
    (each) => deviceType === undefined || (each === 'cpu') === (deviceType === 'cpu'),
  )
  const wanted = ofKind.filter((each) => each === 'cpu' || gpus > 0)
  if (wanted.length > 0) return wanted
  const asked = `deviceType ${deviceType ?? 'any'} with executionProviders ${executionProviders.toString()}`
  const why = ofKind.length === 0 ? 'no listed provider is of that kind' : 'the server has gpus=0'
  throw new ServingError('failed_precondition', `the model asks for ${asked}, but ${why}`, {
    reason: 'execution_provider',
  })
}

function findingOf(provider: ExecutionProvider, findings: readonly ProviderFinding[]): ProviderFinding {
  const found = findings.find((finding) => finding.provider === provider)
  return found ?? { provider, usable: provider === 'cpu', reason: 'it was not probed' }
}

function notUsable(finding: ProviderFinding): string {
  return `${finding.provider} is not usable: ${finding.reason}`
}
