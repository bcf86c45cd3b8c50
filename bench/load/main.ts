import { messageOf } from '../../worker/contract/errors.ts'
import { runClosedLoop } from './closed-loop.ts'
import type { LoadJob, LoadMessage } from './job.ts'

/* Entry of the load generator's process: one job at a time, over the IPC channel of `fork`. */

function tell(message: LoadMessage): void {
  process.send?.(message)
}

// Only bench/load/load-generator.ts sends here, and only jobs.
process.on('message', (job: LoadJob) => {
  runClosedLoop(job, () => tell({ kind: 'measuring' })).then(
    (result) => tell({ kind: 'result', result }),
    (error: unknown) => tell({ kind: 'broken', message: messageOf(error) }),
  )
})
process.on('disconnect', () => process.exit())
