import { Connection, postRequest } from './connection.ts'
import type { LoadJob, LoadResult } from './job.ts'
import { percentile } from './percentile.ts'

/** Runs the job; `onMeasuring` is called at the end of the warm-up. */
export async function runClosedLoop(job: LoadJob, onMeasuring: () => void): Promise<LoadResult> {
  const loop = new ClosedLoop(job)
  try {
    await Promise.race([loop.broken, wait(job.warmUpMs)])
    onMeasuring()
    loop.startMeasuring()
    await Promise.race([loop.broken, wait(job.measureMs)])
    return loop.result()
  } finally {
    loop.close()
  }
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

class ClosedLoop {
  readonly broken: Promise<never>
  readonly #requests: readonly Buffer[]
  readonly #connections: readonly Connection[]
  #sent = 0
  #latenciesMs: number[] = []
  #failures = 0
  #firstFailure: string | undefined
  #startedAtMs = performance.now()

  constructor(job: LoadJob) {
    this.#requests = job.bodies.map((body) => postRequest(job.path, body))
    let connections: Connection[] = []
    this.broken = new Promise((_, reject) => {
      connections = Array.from({ length: job.connections }, () => this.#open(job.port, reject))
    })
    this.#connections = connections
  }

  #open(port: number, onBroken: (error: Error) => void): Connection {
    let sentAtMs = performance.now()
    const onAnswer = (status: number, answer: Buffer): void => {
      const now = performance.now()
      this.#latenciesMs.push(now - sentAtMs)
      if (status !== 200) this.#fail(answer)
      sentAtMs = now
      connection.send(this.#nextRequest())
    }
    const connection = new Connection(port, onAnswer, onBroken)
    connection.send(this.#nextRequest())
    return connection
  }

  #nextRequest(): Buffer {
    return this.#requests[this.#sent++ % this.#requests.length] ?? Buffer.alloc(0)
  }

  #fail(answer: Buffer): void {
    this.#failures++
    this.#firstFailure ??= answer.toString()
  }

  startMeasuring(): void {
    this.#latenciesMs = []
    this.#startedAtMs = performance.now()
  }

  result(): LoadResult {
    const latencies = this.#latenciesMs
    return {
      requests: latencies.length,
      failures: this.#failures,
      ...(this.#firstFailure === undefined ? {} : { firstFailure: this.#firstFailure }),
      elapsedMs: performance.now() - this.#startedAtMs,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }
}
