import { fork, type ChildProcess } from 'node:child_process'
import type { LoadJob, LoadMessage, LoadResult } from './job.ts'

/** The load generator, in a process of its own: it must not share an event loop with what it measures. */
export class LoadGenerator {
  readonly #child: ChildProcess

  constructor() {
    this.#child = fork(new URL('./main.ts', import.meta.url))
  }

  run(job: LoadJob, onMeasuring: () => void): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the load generator ended'))
      const onMessage = (message: LoadMessage): void => {
        if (message.kind === 'measuring') return onMeasuring()
        this.#child.off('message', onMessage).off('exit', onExit)
        if (message.kind === 'result') resolve(message.result)
        else reject(new Error(`the load on port ${job.port} broke: ${message.message}`))
      }
      this.#child.on('message', onMessage).on('exit', onExit)
      this.#child.send(job)
    })
  }

  close(): void {
    this.#child.disconnect()
  }
}
