import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { RestartCause } from '../core/events.ts'
import { restartDelayMs, STABLE_AFTER_MS } from '../core/workers/restart-backoff.ts'
import { MAX_GUEST_CHANNELS } from '../../worker/contract/batch-ids.ts'
import { ChildFrontend, type FrontendCommand } from './child-frontend.ts'
import type { Facts, FromFrontend, FrontendSetup, Publication, ToFrontend } from './messages.ts'

export type FrontendsOptions = {
  /** Processes beside this one. */
  readonly count: number
  readonly command: FrontendCommand
  readonly clock: Clock
  readonly random: () => number
  /** What a process has to know; asked at each start. */
  readonly setup: () => Omit<FrontendSetup, 'channel'>
  readonly onFacts: (facts: Facts) => void
  readonly onKill: (pid: number, cause: RestartCause, detail: string) => void
  readonly onOutput: (lines: string) => void
  /** Serves a connection here, because no other process takes it. */
  readonly serve: (connection: Socket) => void
  readonly log: (level: 'info' | 'warn', message: string) => void
}

/** How long a change waits for a frontend process to follow it. */
const FOLLOW_LIMIT_MS = 5000
/** A process that has as many connections waiting gets no more. */
const MAX_BACKLOG = 256

/**
 * The frontend processes beside this one: started, told what they serve, given every so many-th connection, and
 * started again when they end.
 */
export class Frontends {
  readonly #options: FrontendsOptions
  readonly #children = new Set<ChildFrontend>()
  readonly #waiting = new Set<() => void>()
  readonly #flushes = new Map<number, () => void>()
  #turn = 0
  #lastChannel = 0
  #lastFlush = 0
  #isClosing = false

  constructor(options: FrontendsOptions) {
    this.#options = options
  }

  get pids(): readonly number[] {
    return [...this.#children].map(({ pid }) => pid)
  }

  /** Starts them all; resolves when they serve, or after a while. */
  async start(): Promise<void> {
    for (let i = 0; i < this.#options.count; i++) this.#startOne(0)
    await this.#until(() => [...this.#children].every((child) => child.isTaking), FOLLOW_LIMIT_MS)
  }

  tell(message: ToFrontend): void {
    for (const child of this.#children) child.send(message)
  }

  publish(publication: Publication): void {
    this.tell({ kind: 'models', ...publication })
  }

  /** Resolves when every process that takes connections has followed this publication, or takes too long. */
  async followed(seq: number): Promise<void> {
    await this.#until(
      () => [...this.#children].every((child) => !child.isTaking || child.followed >= seq),
      FOLLOW_LIMIT_MS,
    )
  }

  /** Resolves when no process sends batches to a worker set any more; one that takes too long is ended. */
  async left(setId: number, seq: number, limitMs: number): Promise<void> {
    const holds = (child: ChildFrontend) => child.followed < seq || child.setIds.has(setId)
    const isLeft = () => ![...this.#children].some(holds)
    await this.#until(isLeft, limitMs)
    for (const child of [...this.#children].filter(holds)) {
      this.#options.log('warn', `the frontend process ${child.pid} did not follow a change and is ended`)
      child.kill('SIGKILL')
    }
    await this.#until(isLeft, FOLLOW_LIMIT_MS)
  }

  /** Gives a connection to the process whose turn it is; this one has its turn, too. */
  give(connection: Socket): void {
    const taking = [...this.#children].filter(({ isTaking, backlog }) => isTaking && backlog < MAX_BACKLOG)
    this.#turn = (this.#turn + 1) % (taking.length + 1)
    const child = taking[this.#turn - 1]
    if (child === undefined) this.#options.serve(connection)
    else child.give(connection)
  }

  /** Asks for what has happened and was not told so far; resolves when all have told it, or take too long. */
  async collect(): Promise<void> {
    const told = [...this.#children].map((child) => {
      const id = (this.#lastFlush += 1)
      return new Promise<void>((resolve) => {
        const cancel = this.#options.clock.after(FLUSH_LIMIT_MS, resolve)
        this.#flushes.set(id, () => {
          cancel()
          resolve()
        })
        child.send({ kind: 'flush', id })
      }).finally(() => this.#flushes.delete(id))
    })
    await Promise.all(told)
  }

  /** Takes no connection any more, and resolves when all processes have answered what they took and are gone. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    for (const child of this.#children) child.isTaking = false
    this.tell({ kind: 'close', timeoutMs })
    const areGone = () => this.#children.size === 0
    await this.#until(areGone, timeoutMs + FOLLOW_LIMIT_MS)
    for (const child of this.#children) child.kill('SIGKILL')
    await this.#until(areGone, FOLLOW_LIMIT_MS)
  }

  #startOne(crashesInARow: number): void {
    const { clock, command, log, onOutput } = this.#options
    const startedAtMs = clock.nowMs()
    const child = new ChildFrontend(command, this.#freeChannel(), {
      onMessage: (message) => {
        this.#receive(child, message)
      },
      onOutput,
      onExit: (detail, unserved) => {
        this.#children.delete(child)
        this.#wake()
        for (const connection of unserved) this.give(connection)
        if (this.#isClosing) return
        log('warn', `the frontend process ${child.pid} is replaced: ${detail}; its connections are lost`)
        this.#restart(clock.nowMs() - startedAtMs > STABLE_AFTER_MS ? 1 : crashesInARow + 1)
      },
    })
    this.#children.add(child)
    child.send({ kind: 'setup', channel: child.channel, ...this.#options.setup() })
  }

  #restart(crashesInARow: number): void {
    const { clock, random } = this.#options
    clock.after(restartDelayMs(crashesInARow, random()), () => {
      if (!this.#isClosing) this.#startOne(crashesInARow)
    })
  }

  /** Not that of a process that has just ended: answers to its batches may still come. */
  #freeChannel(): number {
    const taken = new Set([...this.#children].map(({ channel }) => channel))
    do this.#lastChannel = (this.#lastChannel % MAX_GUEST_CHANNELS) + 1
    while (taken.has(this.#lastChannel))
    return this.#lastChannel
  }

  #receive(child: ChildFrontend, message: Exclude<FromFrontend, { kind: 'taken' }> | FromFrontend): void {
    switch (message.kind) {
      case 'started':
        child.isTaking = !this.#isClosing
        break
      case 'followed':
        child.followed = message.seq
        child.setIds = new Set(message.setIds)
        break
      case 'facts':
        this.#options.onFacts(message)
        break
      case 'flushed':
        this.#flushes.get(message.id)?.()
        break
      case 'kill':
        this.#options.onKill(message.pid, message.cause, message.detail)
        break
      case 'taken':
        break
      default:
        message satisfies never
    }
    this.#wake()
  }

  #wake(): void {
    for (const look of this.#waiting) look()
  }

  /** Resolves when it holds, or the time is over. */
  #until(holds: () => boolean, limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.#waiting.delete(look)
        resolve()
      }
      const look = () => {
        if (holds()) end()
      }
      const cancel = this.#options.clock.after(limitMs, end)
      this.#waiting.add(look)
      look()
    })
  }
}

const FLUSH_LIMIT_MS = 500
