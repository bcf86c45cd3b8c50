import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { ExecutionProvider } from '../../worker/contract/messages.ts'
import type { Tensor } from '../../worker/contract/tensor.ts'

export type SessionLoopOptions = {
  readonly modelPath: string
  readonly intraOpThreads: number
  /** Whether these wait busily between runs: the runtime's default, and better unless somebody else needs the cores. */
  readonly isSpinning: boolean
  /** Default: the CPU. */
  readonly provider?: ExecutionProvider
  /** The inputs of one row; a batch is made of copies. */
  readonly row: readonly Tensor[]
}

export type LoopJob = { readonly rows: number; readonly durationMs: number }

export type LoopResult = {
  readonly rowsPerSecond: number
  /** Of all threads of the process. */
  readonly cpuMicrosPerRow: number
}

export type LoopMessage =
  | { readonly kind: 'open'; readonly options: SessionLoopOptions }
  | { readonly kind: 'run'; readonly job: LoopJob }

/**
 * The ceiling: nothing but `session.run` over and over, in a process of its own that opens the graph once. It does
 * nothing between its jobs, so it can stay while something else is measured.
 */
export class SessionLoop {
  readonly #child: ChildProcess

  constructor(options: SessionLoopOptions) {
    this.#child = fork(new URL('./session-loop.main.ts', import.meta.url), {
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
      // Tensors hold bytes and 64-bit integers.
      serialization: 'advanced',
    })
    this.#tell({ kind: 'open', options })
  }

  async run(job: LoopJob): Promise<LoopResult> {
    const settled = new AbortController()
    const first = (event: string) => once(this.#child, event, { signal: settled.signal })
    const ended = first('exit').then(() => {
      throw new Error('the session.run loop ended')
    })
    this.#tell({ kind: 'run', job })
    try {
      const [result] = (await Promise.race([first('message'), ended])) as [LoopResult] // its only message
      return result
    } finally {
      ended.catch(() => {}) // nobody waits for it any more
      settled.abort()
    }
  }

  #tell(message: LoopMessage): void {
    this.#child.send(message)
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}
