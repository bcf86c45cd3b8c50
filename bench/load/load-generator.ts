import { fork, type ChildProcess } from 'node:child_process'
import { messageOf } from '../../worker/contract/errors.ts'
import type { LoadCommand, LoadJob, LoadMessage, LoadResult } from './job.ts'

/** Longest that a load goes on beside something else. */
const MAX_BESIDE_MS = 120_000

/** The load generator, in a process of its own: it must not share an event loop with what it measures. */
export class LoadGenerator {
  readonly #child: ChildProcess

  constructor() {
    // Advanced: bodies may be bytes.
    this.#child = fork(new URL('./main.ts', import.meta.url), { serialization: 'advanced' })
  }

  /** One job at a time. `onMeasuring` is called at the end of the warm-up. */
  run(job: LoadJob, onMeasuring: () => void = () => {}): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the load generator ended'))
      const onMessage = (message: LoadMessage): void => {
        if (message.kind === 'measuring') return onMeasuring()
        this.#child.off('message', onMessage).off('exit', onExit)
        if (message.kind === 'result') resolve(message.result)
        else reject(new Error(`the load on port ${job.port} broke: ${message.message}`))
      }
      this.#child.on('message', onMessage).on('exit', onExit)
      this.#tell({ kind: 'run', job })
    })
  }

  /** Measures exactly while `action` runs, which begins at the end of the warm-up. */
  async runDuring<T>(
    job: Omit<LoadJob, 'measureMs'>,
    action: () => Promise<T>,
  ): Promise<{ readonly load: LoadResult; readonly value: T }> {
    let acting: Promise<{ value: T } | { error: unknown }> | undefined
    const load = await this.run({ ...job, measureMs: MAX_BESIDE_MS }, () => {
      acting = action()
        .then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        )
        .finally(() => this.#tell({ kind: 'stop' }))
    })
    const outcome = await acting
    if (outcome !== undefined && 'value' in outcome) return { load, value: outcome.value }
    throw new Error(`what was to run beside the load failed: ${messageOf(outcome?.error)}`, {
      cause: outcome?.error,
    })
  }

  #tell(command: LoadCommand): void {
    this.#child.send(command)
  }

  close(): void {
    this.#child.disconnect()
  }
}
