import { messageOf } from '../../worker/contract/errors.ts'
import type { LoadCommand, LoadJob, LoadMessage } from './job.ts'
import { runJob } from './run-job.ts'

/* Entry of the load generator's process: one job at a time, over the IPC channel of `fork`. */

function tell(message: LoadMessage): void {
  process.send?.(message)
}

let stop = (): void => {}

function run(job: LoadJob): void {
  const stopped = new Promise<void>((resolve) => (stop = resolve))
  runJob(job, { onMeasuring: () => tell({ kind: 'measuring' }), stopped }).then(
    (result) => tell({ kind: 'result', result }),
    (error: unknown) => tell({ kind: 'broken', message: messageOf(error) }),
  )
}

// Only bench/load/load-generator.ts sends here.
process.on('message', (command: LoadCommand) => {
  if (command.kind === 'run') run(command.job)
  else stop()
})
process.on('disconnect', () => process.exit())
