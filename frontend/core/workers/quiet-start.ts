import type { LoadSpec } from '../../../worker/contract/messages.ts'
import type { Clock } from '../clock.ts'
import { MAX_QUIET_MS, type ProcessPriority } from './process-priority.ts'
import type { StartWorkerProcess, WorkerProcess } from './worker-process.ts'

export type QuietOptions = { readonly priority: ProcessPriority; readonly clock: Clock }

/**
 * Starts worker processes so that those that serve notice little of it: one that loads beside them gets what they leave
 * of the processor, until all its threads are ready or it has taken long.
 *
 * The first has nobody to disturb, and one that takes the place of a dead one is waited for: they start as equals.
 */
export function quietStart(start: StartWorkerProcess, { priority, clock }: QuietOptions): StartWorkerProcess {
  const serving = new Set<WorkerProcess>()
  /** A process that is started again is started by the same specification. */
  const hasServed = new WeakSet<LoadSpec>()
  return (spec, modelBytes, listener) => {
    const isQuiet = serving.size > 0 && !hasServed.has(spec)
    let cancel = () => undefined as void
    const process = start(spec, modelBytes, {
      ...listener,
      onInstance: (report) => {
        if (process.readyThreads === spec.threads && !serving.has(process)) {
          serving.add(process)
          hasServed.add(spec)
          cancel()
          if (isQuiet) priority.restore(process.pid)
        }
        listener.onInstance(report)
      },
      onExit: (exit) => {
        serving.delete(process)
        cancel()
        listener.onExit(exit)
      },
    })
    if (isQuiet) {
      priority.lower(process.pid)
      cancel = clock.after(MAX_QUIET_MS, () => {
        priority.restore(process.pid)
      })
    }
    return process
  }
}
