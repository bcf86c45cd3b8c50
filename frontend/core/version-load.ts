import type { VersionDescription } from './control-plane.ts'
import type { ModelVersion } from './model-version.ts'
import { residentBytes } from './process-memory.ts'

/** What a version does at a moment: as much of its description as is looked at every few seconds. */
export type VersionLoad = Pick<
  VersionDescription,
  'model' | 'queuedRequests' | 'runningBatches' | 'serviceTime' | 'provider' | 'workers'
>

export function loadOf({ model, batcher, layout, workers }: ModelVersion): VersionLoad {
  const { fixedMs, perRowMs } = batcher.serviceTime
  return {
    model,
    queuedRequests: batcher.queuedRequests,
    runningBatches: batcher.runningBatches,
    serviceTime: { fixedMs, perRowMs },
    provider: {
      device: layout?.plan.processes[0]?.device ?? { provider: 'cpu', deviceId: 0 },
      reason: layout?.provider.reason ?? 'no workers',
    },
    workers: workers?.describe(residentBytes) ?? [],
  }
}
