import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { HandOver } from './hand-over.ts'
import type { FromFrontend, ToFrontend } from './messages.ts'

/** What a frontend process is started with. */
export type FrontendCommand = { readonly execPath: string; readonly args: readonly string[] }

export type ChildFrontendListener = {
  readonly onMessage: (message: FromFrontend) => void
  /** Whole lines that it logged. */
  readonly onOutput: (lines: string) => void
  /** @param unserved connections that it was never given */
  readonly onExit: (detail: string, unserved: readonly Socket[]) => void
}

/** Another frontend process as the primary sees it: what it is told, and the connections that it is given. */
export class ChildFrontend {
  readonly channel: number
  /** Whether connections may go there. */
  isTaking = false
  /** The last publication that it has followed. */
  followed = -1
  /** Worker sets that it may send batches to. */
  setIds: ReadonlySet<number> = new Set()
  readonly #child: ChildProcess
  readonly #listener: ChildFrontendListener
  readonly #connections = new HandOver((connection, onFailed) => this.#sendConnection(connection, onFailed))
  #isGone = false

  constructor(command: FrontendCommand, channel: number, listener: ChildFrontendListener) {
    this.channel = channel
    this.#listener = listener
    this.#child = spawn(command.execPath, command.args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Keeps typed arrays, sets and buffers what they are.
      serialization: 'advanced',
    })
    this.#follow()
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Connections that wait to be handed over. */
  get backlog(): number {
    return this.#connections.backlog
  }

  send(message: ToFrontend): void {
    if (this.#child.connected) this.#child.send(message, ignoreFailure)
  }

  give(connection: Socket): void {
    this.#connections.give(connection)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  #sendConnection(connection: Socket, onFailed: () => void): boolean {
    if (!this.#child.connected) return false
    const message: ToFrontend = { kind: 'connection' }
    this.#child.send(message, connection, {}, (error) => {
      if (error !== null) onFailed()
    })
    return true
  }

  #follow(): void {
    this.#child.on('message', (message: FromFrontend) => {
      if (message.kind !== 'taken') this.#listener.onMessage(message)
      else this.#connections.taken()
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      let rest = ''
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const end = text.lastIndexOf('\n') + 1
        if (end > 0) this.#listener.onOutput(rest + text.slice(0, end))
        rest = end > 0 ? text.slice(end) : rest + text
      })
    }
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) this.#exit(`it could not be started: ${error.message}`)
    })
    this.#child.once('exit', (code, signal) => {
      this.#exit(`it ended with ${signal ?? `exit code ${code}`}`)
    })
  }

  #exit(detail: string): void {
    if (this.#isGone) return
    this.#isGone = true
    this.isTaking = false
    this.#listener.onExit(detail, this.#connections.stop())
  }
}

/** The process is ending; that is told by its exit. */
const ignoreFailure = () => undefined
