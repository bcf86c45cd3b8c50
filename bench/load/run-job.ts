import { RunningClosedLoop } from './closed-loop.ts'
import type { LoadJob, LoadResult } from './job.ts'
import type { Loop } from './loop.ts'
import { RunningOpenLoop } from './open-loop.ts'

export type JobControl = {
  /** Called at the end of the warm-up. */
  readonly onMeasuring: () => void
  /** Ends the measurement early. */
  readonly stopped: Promise<void>
}

export async function runJob(job: LoadJob, { onMeasuring, stopped }: JobControl): Promise<LoadResult> {
  const loop = startLoop(job)
  try {
    await Promise.race([loop.broken, after(job.warmUpMs)])
    await Promise.race([loop.broken, loop.startMeasuring()])
    onMeasuring()
    await Promise.race([loop.broken, stopped, after(job.measureMs)])
    return await Promise.race([loop.broken, loop.result()])
  } finally {
    loop.close()
  }
}

function startLoop(job: LoadJob): Loop {
  const { loop } = job
  switch (loop.kind) {
    case 'closed':
      return new RunningClosedLoop({ ...job, loop })
    case 'open':
      return new RunningOpenLoop({ ...job, loop })
  }
}

// Unreferenced: a measurement that is stopped early leaves its timer behind. The sockets keep the process alive.
const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())
