import { Worker, type MessagePort } from 'node:worker_threads'
import type { LoadSpec } from '../contract/messages.ts'
import { threadEntryOf } from '../contract/module-file.ts'

/**
 * The thread that owns a process's session, for handlers' threads that connect to it. It is never terminated:
 * inside ONNX Runtime, that aborts the whole process.
 */
export class SessionThread {
  readonly #thread: Worker

  /** @param onEnd says why it ended, once; its session is gone, so the process is of no more use. */
  constructor(spec: LoadSpec, onEnd: (why: string) => void) {
    const { filename, ...options } = threadEntryOf(import.meta.url, '../thread/session-main.ts')
    this.#thread = new Worker(filename, {
      ...options,
      workerData: spec,
      resourceLimits: { maxOldGenerationSizeMb: spec.maxHeapMebibytes },
    })
    let why: string | undefined
    this.#thread.on('error', (error) => {
      why = error.message
    })
    this.#thread.on('exit', (code) => {
      onEnd(why ?? `it exited with code ${code}`)
    })
  }

  /** Lets a handler's thread use the session through the other end of this port, which is moved. */
  connect(port: MessagePort): void {
    this.#thread.postMessage(port, [port])
  }
}
