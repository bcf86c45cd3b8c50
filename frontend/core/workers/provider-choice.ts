import { ServingError } from '../../../worker/contract/errors.ts'
import type { ExecutionProvider, ProviderFinding } from '../../../worker/contract/messages.ts'

export type ProviderChoice = {
  readonly provider: ExecutionProvider
  /** Why this one, and why not a better one. */
  readonly reason: string
}

/** The order of `auto`: the fastest first. */
const AUTO_ORDER: readonly ExecutionProvider[] = ['cuda', 'webgpu', 'cpu']

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
  const wanted = setting === 'auto' ? AUTO_ORDER : setting
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

function findingOf(provider: ExecutionProvider, findings: readonly ProviderFinding[]): ProviderFinding {
  const found = findings.find((finding) => finding.provider === provider)
  return found ?? { provider, usable: provider === 'cpu', reason: 'it was not probed' }
}

function notUsable(finding: ProviderFinding): string {
  return `${finding.provider} is not usable: ${finding.reason}`
}
