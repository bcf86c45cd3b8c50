import { ContinuousBatcher } from '../../frontend/core/batching/continuous-batcher.ts'
import type { Outcome, PendingRequestInit } from '../../frontend/core/batching/pending-request.ts'
import type { WorkerSlotListener } from '../../frontend/core/workers/worker-slot.ts'
import type { BatchRequest, BatchResponse, WorkerReply } from '../../worker/contract/messages.ts'
import { settings } from './artefacts.ts'
import { textOf } from './batcher-fixture.ts'
import { FakeClock, settlePromises } from './fake-clock.ts'
import { FakeWorkers } from './fake-worker-process.ts'
import { pendingRequest } from './pending-requests.ts'
import { workerSet } from './worker-sets.ts'

type Given = { readonly threads?: readonly number[]; readonly maxBatchRows?: number }
type Reply = WorkerReply<BatchResponse>

/** A piece of an answer that goes on, or its last one. */
export function piece(text: string, more: boolean): Reply {
  const payload = { kind: 'bytes', bytes: Buffer.from(text) } as const
  return { ok: true, value: more ? { more, payload } : { payload } }
}

/** A continuous batcher over a real worker set of fake processes, and what became of what was pushed. */
export function continuousFixture({ threads = [1], maxBatchRows = 2 }: Given = {}) {
  const clock = new FakeClock()
  const workers = new FakeWorkers()
  const listener: Partial<WorkerSlotListener> = { onChange: () => batcher.dispatch() }
  const batcher: ContinuousBatcher = new ContinuousBatcher({
    model: { name: 'm', version: '1' },
    clock,
    limits: settings({ maxBatchRows, continuousBatching: true }),
    onBatch: () => undefined,
  })
  const outcomes = new Map<string, Outcome>()
  const pieces = new Map<string, string>()

  /** Replaces the workers, all of which become ready. */
  function scale(): Promise<void> {
    const left = batcher.useRunners(workerSet({ workers, clock, threads, listener }))
    for (const process of workers.processes.slice(-threads.length)) process.ready()
    return left
  }

  /** A request that takes its answer piece by piece. */
  function stream(id: string, init: Partial<PendingRequestInit> = {}): void {
    push(id, {
      onPiece: ({ bytes }) => pieces.set(id, `${pieces.get(id) ?? ''}${Buffer.from(bytes).toString()}`),
      ...init,
    })
  }

  /** A request that wants its answer whole. */
  function push(id: string, init: Partial<PendingRequestInit> = {}): void {
    const arrivedAtMs = clock.nowMs()
    const request = pendingRequest({ id, arrivedAtMs, deadlineMs: arrivedAtMs + 1000, ...init })
    void request.outcome.then((outcome) => outcomes.set(id, outcome))
    batcher.push(request)
  }

  async function outcomeOf(id: string): Promise<string> {
    await settlePromises()
    const outcome = outcomes.get(id)
    if (outcome === undefined) return 'pending'
    return outcome.ok ? textOf(outcome) : `${outcome.error.code} ${outcome.error.reason ?? ''}`.trim()
  }

  /** Ends the turn of a process: each request as `replyOf` says, else with a piece that goes on. */
  async function turn(replyOf: (request: BatchRequest) => Reply = goOn, process = 0): Promise<void> {
    workers.alive[process]?.batches[0]?.answer(replyOf)
    await settlePromises()
  }

  /** What runs: each request, with a plus where its payload was sent. */
  const running = () =>
    workers.batches.map(({ requests }) =>
      requests.map(({ id, turn: its }) => `${id}${its?.continues === true ? '' : '+'}`).join(' '),
    )
  void scale()
  return { clock, workers, batcher, scale, stream, push, outcomeOf, pieces, turn, running }
}

const goOn = () => piece('.', true)
