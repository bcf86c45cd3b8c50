import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Duplex } from 'node:stream'
import { NO_BATCH_ID, resultFromResultFrame } from '../../worker/contract/batch-codec.ts'
import { runFrame } from './run-frame.ts'
import { frameHeader, frameOf, FrameReader, type Frame } from '../../worker/contract/frame.ts'
import type {
  BatchRequest,
  BatchResult,
  InstanceHeader,
  LoadSpec,
  LogRecord,
  LostHeader,
  MetricSample,
  MetricsHeader,
  ResponsePiece,
} from '../../worker/contract/messages.ts'
import { frameFromCancel, pieceFromFrame, type MemberPiece } from '../../worker/contract/piece-codec.ts'

const ENTRY = fileURLToPath(new URL('../../worker/process/main.ts', import.meta.url))

/** A real worker process at the other end of a real socket pair, as the frontend starts it. */
export class HostedWorker {
  readonly child: ChildProcess
  readonly logs: LogRecord[] = []
  /** What its handler has observed. */
  readonly samples: MetricSample[] = []
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** What the process printed: nothing, unless native code or Node.js complains. */
  output = ''
  /** Why it can run nothing any more, from each thread that noticed. */
  readonly losses: string[] = []
  /** Loaded threads that died. */
  deaths = 0
  readonly #socket: Duplex
  readonly #instances: InstanceHeader[] = []
  readonly #results = new Map<number, BatchResult>()
  readonly #pieces: (MemberPiece & { readonly whileRunning: boolean })[] = []
  readonly #waiting = new Set<() => void>()
  #nextBatchId = 1

  constructor(environment: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, ['--import', 'tsx', ENTRY], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    this.exited = once(this.child, 'exit').then(([code, signal]) => ({
      code: code as number | null, // types of the event's arguments
      signal: signal as NodeJS.Signals | null,
    }))
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
    this.#socket = this.child.stdio[3] as Duplex // 'pipe' makes a socket pair
    const reader = new FrameReader(2 ** 30)
    this.#socket.on('data', (chunk: Uint8Array) => {
      for (const frame of reader.push(chunk)) this.#receive(frame)
    })
    // A process that ends resets the connection when something was still on its way to it.
    this.#socket.on('error', () => undefined)
    this.child.once('exit', () => {
      this.#wake()
    })
  }

  load(spec: LoadSpec): void {
    this.write(frameOf('load', spec))
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** What the first `count` reports of threads said, in the order of their arrival. */
  async instances(count = 1): Promise<readonly InstanceHeader[]> {
    await this.#until(() => this.#instances.length >= count)
    return this.#instances.slice(0, count)
  }

  async run(requests: readonly BatchRequest[]): Promise<BatchResult> {
    return this.resultOf(this.start(requests))
  }

  /** Sends a batch whose answer is waited for later, by `resultOf`. @returns its id */
  start(requests: readonly BatchRequest[]): number {
    const id = this.#nextBatchId++
    this.write(runFrame(id, requests))
    return id
  }

  async resultOf(id: number): Promise<BatchResult> {
    await this.#until(() => this.#results.has(id))
    const result = this.#results.get(id)
    if (result === undefined) throw new Error(`the worker process ended: ${this.output}`)
    return result
  }

  /** The first `count` pieces: `member: text`, with a star when the result had overtaken it. */
  async pieces(count: number): Promise<string[]> {
    await this.#until(() => this.#pieces.length >= count)
    return this.#pieces.map(({ member, piece, whileRunning }) => {
      const text = Buffer.from(piece.bytes).toString()
      return `${member}: ${text}${whileRunning ? '' : ' *'}`
    })
  }

  /** The heads of the pieces so far. */
  get heads(): Omit<ResponsePiece, 'bytes'>[] {
    return this.#pieces.map(({ piece: { bytes: _, ...head } }) => head)
  }

  cancel(id: number, member: number): void {
    this.write(frameFromCancel(id, member))
  }

  async log(matching: RegExp): Promise<LogRecord> {
    const find = () => this.logs.find(({ message }) => matching.test(message))
    await this.#until(() => find() !== undefined)
    const record = find()
    if (record === undefined) throw new Error(`the worker process ended without logging ${String(matching)}`)
    return record
  }

  /** The first word of a lost device. */
  async loss(): Promise<string> {
    await this.#until(() => this.losses.length > 0)
    return this.losses[0] ?? ''
  }

  /** Closes the frontend's end, as a dying frontend does. */
  hangUp(): void {
    this.#socket.destroy()
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exited
    this.#socket.destroy()
  }

  #receive(frame: Frame): void {
    if (frame.kind === 'instance') this.#instances.push(frameHeader(frame.buffer) as InstanceHeader) // one build
    if (frame.kind === 'log') this.logs.push(frameHeader(frame.buffer) as LogRecord) // one build
    if (frame.kind === 'lost') this.losses.push((frameHeader(frame.buffer) as LostHeader).message) // one build
    if (frame.kind === 'piece') {
      const whileRunning = !this.#results.has(frame.id)
      this.#pieces.push({ ...pieceFromFrame(frame.buffer), whileRunning })
    }
    if (frame.kind === 'result' && frame.id === NO_BATCH_ID) this.deaths += 1
    if (frame.kind === 'metrics') {
      this.samples.push(...(frameHeader(frame.buffer) as MetricsHeader).samples) // one build
    }
    if (frame.kind === 'result') this.#results.set(frame.id, resultFromResultFrame(frame.buffer))
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Resolves when the condition holds, or the process has ended. */
  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && this.child.exitCode === null && this.child.signalCode === null) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake)
          resolve()
        }
        this.#waiting.add(wake)
      })
    }
  }
}
