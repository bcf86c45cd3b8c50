import type { SequenceBatching } from '../../archiver-cli/format/model-config.ts'
import type { Outcome, PendingRequestInit } from '../../frontend/core/batching/pending-request.ts'
import { SequenceBatcher } from '../../frontend/core/batching/sequence-batcher.ts'
import type { RequestHead, SequenceMark } from '../../frontend/core/data-plane.ts'
import type { WorkerSlotListener } from '../../frontend/core/workers/worker-slot.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import { settings } from './artefacts.ts'
import { textOf } from './batcher-fixture.ts'
import { FakeClock, settlePromises } from './fake-clock.ts'
import { FakeWorkers, type FakeBatch } from './fake-worker-process.ts'
import { pendingRequest } from './pending-requests.ts'
import { workerSet } from './worker-sets.ts'

type Given = { readonly threads?: readonly number[]; readonly sequences?: SequenceBatching }

/** A batcher of sequences over a real worker set of fake processes, and the outcomes of what was pushed. */
export function sequenceFixture({ threads = [1], sequences = {} }: Given = {}) {
  const clock = new FakeClock()
  const workers = new FakeWorkers()
  const listener: Partial<WorkerSlotListener> = { onChange: () => batcher.dispatch() }
  const batcher: SequenceBatcher = new SequenceBatcher({
    model: { name: 'm', version: '1' },
    clock,
    limits: settings({ inferenceTimeoutMs: 60_000 }),
    sequences,
    onBatch: () => undefined,
  })
  const outcomes = new Map<string, Outcome>()

  /** Replaces the workers, all of which become ready. */
  function scale(): void {
    const set = workerSet({ workers, clock, threads, listener })
    batcher.useRunners(set)
    for (const process of workers.processes.slice(-threads.length)) process.ready()
  }

  function push(id: string, init: Partial<PendingRequestInit> = {}): void {
    const arrivedAtMs = clock.nowMs()
    const request = pendingRequest({ id, arrivedAtMs, deadlineMs: arrivedAtMs + 60_000, ...init })
    void request.outcome.then((outcome) => outcomes.set(id, outcome))
    batcher.push(request)
  }

  function pushIn(
    sequence: string,
    id: string,
    mark: Partial<SequenceMark> = {},
    init: Partial<PendingRequestInit> = {},
  ): void {
    push(id, { sequence: { id: sequence, start: false, end: false, ...mark }, ...init })
  }

  async function outcomeOf(id: string): Promise<string> {
    await settlePromises()
    const outcome = outcomes.get(id)
    if (outcome === undefined) return 'pending'
    return outcome.ok ? textOf(outcome) : `${outcome.error.code} ${outcome.error.reason ?? ''}`.trim()
  }

  /** The sequence id in an answer's headers. */
  async function idOf(id: string): Promise<string | undefined> {
    await settlePromises()
    const outcome = outcomes.get(id)
    return outcome?.ok === true ? outcome.response.headers?.['ts_request_sequence_id'] : undefined
  }

  async function answer(index = 0, replyOf?: Parameters<FakeBatch['answer']>[0]): Promise<void> {
    workers.batches[index]?.answer(replyOf)
    await settlePromises()
  }

  const head = (mark: Partial<SequenceMark>): RequestHead => ({
    requestId: 'r',
    model: { name: 'm' },
    headers: {},
    sequence: { start: false, end: false, ...mark },
    signal: new AbortController().signal,
  })
  const running = () => workers.batches.map(({ ids }) => ids)
  const closing = new ServingError('unavailable', 'closing', { reason: 'closing' })
  scale()
  return { clock, workers, batcher, push, pushIn, outcomeOf, idOf, answer, head, running, closing, scale }
}
