import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchIdsOf, MAIN_CHANNEL } from '../../worker/contract/batch-ids.ts'
import type { RestartCause } from '../core/events.ts'
import type { LaunchCommand } from '../core/workers/launch-command.ts'
import {
  ChildWorkerProcess,
  type WorkerProcess,
  type WorkerProcessListener,
} from '../core/workers/worker-process.ts'
import type { LoadSpec } from '../../worker/contract/messages.ts'

/** What the address of a unix socket can hold on every system, but for the longest name that is put there. */
const MAX_DIRECTORY_BYTES = 103 - '/frontend-255.sock'.length

/** Worker processes that several frontend processes send batches to, and the private directory of their sockets. */
export class SharedWorkers {
  readonly #processes = new Map<number, WorkerProcess>()
  #directory = ''

  /** Where each worker process has a socket. */
  get directory(): string {
    return this.#directory
  }

  get primarySocket(): string {
    return join(this.#directory, 'primary.sock')
  }

  /** Makes the directory; the state directory belongs to this server alone by then. */
  open(stateDir: string): void {
    const directory = join(stateDir, 'sockets')
    if (Buffer.byteLength(directory) > MAX_DIRECTORY_BYTES) {
      this.#directory = mkdtempSync(join(tmpdir(), 'onnxserve-'))
      return
    }
    // Those of a server that was killed.
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#directory = directory
  }

  close(): void {
    if (this.#directory !== '') rmSync(this.#directory, { recursive: true, force: true })
  }

  start(command: LaunchCommand, spec: LoadSpec, listener: WorkerProcessListener): WorkerProcess {
    const process = new ChildWorkerProcess({ ...command, args: [...command.args, this.#directory] }, spec, {
      ids: batchIdsOf(MAIN_CHANNEL),
      listener: {
        ...listener,
        onExit: (exit) => {
          this.#processes.delete(process.pid)
          rmSync(join(this.#directory, `${process.pid}.sock`), { force: true })
          listener.onExit(exit)
        },
      },
    })
    this.#processes.set(process.pid, process)
    return process
  }

  /** As another frontend process asks for it. */
  kill(pid: number, cause: RestartCause, detail: string): void {
    this.#processes.get(pid)?.kill(cause, detail)
  }
}
