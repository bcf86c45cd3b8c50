import assert from 'node:assert/strict'
import { predictedWaitMs, refusalOf, type AdmissionSnapshot } from '../../../frontend/core/admission.ts'

const READY: AdmissionSnapshot = {
  model: { name: 'digits', version: '1.0' },
  state: 'ready',
  reason: undefined,
  workers: 2,
  backoffMs: 0,
  queuedRequests: 0,
  queuedRows: 0,
  queuedBytes: 0,
  runningBatches: 0,
  maxQueuedRequests: 100,
  maxBatchRows: 8,
  fullBatchMs: 10,
  timeoutMs: 1000,
  announcedBytes: undefined,
  maxRequestBytes: 1000,
}

type Change = Partial<AdmissionSnapshot>

const ADMITTED: readonly (readonly [it: string, change: Change])[] = [
  ['a request to an idle version', {}],
  ['a body of exactly the limit', { announcedBytes: 1000 }],
  ['the last request that fits into the queue', { queuedRequests: 99, queuedRows: 99 }],
  [
    'a predicted wait of exactly four fifths of the timeout',
    { queuedRows: 8, runningBatches: 2, timeoutMs: 31.25 },
  ],
  [
    'everything while nothing is known of the service time',
    { queuedRows: 99, runningBatches: 2, fullBatchMs: 0 },
  ],
  ['a request for a free worker, whatever a full batch would take', { runningBatches: 1, fullBatchMs: 9999 }],
  ['a predicted wait of exactly the target', { queuedRows: 8, runningBatches: 2, targetWaitMs: 25 }],
  [
    'a request for a free worker, whatever the target is',
    { runningBatches: 1, targetWaitMs: 1, isBackground: true },
  ],
  ['a request for a free worker while bodies of others arrive', { arrivingRequests: 90, targetWaitMs: 1 }],
  ['a request with a ticket while a worker is idle', { tickets: 2, runningBatches: 1 }],
  ['a request while its workers restart without a back-off', { reason: 'it ended with SIGSEGV' }],
]

const REFUSED: readonly (Change & {
  readonly it: string
  readonly code: string
  readonly because: string
  readonly message: RegExp
  readonly retryAfterMs?: number
})[] = [
  {
    it: 'a body beyond the share of the memory that one of three processes has, in whole bytes',
    frontends: 3,
    queuedBytes: 2 ** 30 / 3,
    announcedBytes: 1,
    code: 'resource_exhausted',
    because: 'queue_full',
    message: /^the requests that wait for digits\/1\.0 take 357913941 bytes together, the limit/,
    retryAfterMs: 0,
  },
  {
    it: 'a body that would take the memory of the queue beyond its limit',
    queuedBytes: 2 ** 30,
    announcedBytes: 1,
    code: 'resource_exhausted',
    because: 'queue_full',
    message: /^the requests that wait for digits\/1\.0 take 1073741824 bytes together, the limit/,
    retryAfterMs: 0,
  },
  {
    it: 'a request that needs a ticket while every worker is busy or promised',
    tickets: 2,
    runningBatches: 1,
    queuedRequests: 1,
    code: 'resource_exhausted',
    because: 'no_idle_worker',
    message: /^digits\/1\.0 has no idle worker \(all 2 are busy\), and useJobTicket admits/,
    retryAfterMs: 10,
  },
  {
    it: 'a request that needs a ticket while no worker is loaded',
    tickets: 0,
    code: 'resource_exhausted',
    because: 'no_idle_worker',
    message: /no idle worker \(none is loaded\)/,
    retryAfterMs: 10,
  },
  {
    it: 'a version without workers',
    state: 'new',
    code: 'unavailable',
    because: 'no_worker',
    message: /^digits\/1\.0 cannot answer: it has no workers; scale it to at least 1$/,
    retryAfterMs: 1000,
  },
  {
    it: 'a version that loads',
    state: 'loading',
    code: 'unavailable',
    because: 'loading',
    message: /its workers are still loading$/,
    retryAfterMs: 1000,
  },
  {
    it: 'a failed version, with its reason',
    state: 'failed',
    reason: 'the graph has no inputs',
    code: 'unavailable',
    because: 'failed',
    message: /cannot answer: the graph has no inputs$/,
    retryAfterMs: 1000,
  },
  {
    it: 'a failed version that has none',
    state: 'failed',
    code: 'unavailable',
    because: 'failed',
    message: /cannot answer: its workers failed$/,
    retryAfterMs: 1000,
  },
  ...(['draining', 'unloading', 'unloaded'] as const).map((state) => ({
    it: `a version in state ${state}`,
    state,
    code: 'unavailable',
    because: 'draining',
    message: /it is being unloaded$/,
    retryAfterMs: 1000,
  })),
  {
    it: 'a version whose workers wait for their next start',
    workers: 0,
    backoffMs: 300,
    reason: 'it ended with SIGSEGV',
    code: 'unavailable',
    because: 'no_worker',
    message: /cannot answer: it ended with SIGSEGV$/,
    retryAfterMs: 300,
  },
  {
    it: 'a body over the limit, even of an idle version',
    announcedBytes: 1001,
    code: 'resource_exhausted',
    because: 'body_too_large',
    message: /^the request body has 1001 bytes, digits\/1\.0 accepts at most 1000$/,
  },
  {
    it: 'a full queue',
    queuedRequests: 100,
    queuedRows: 100,
    runningBatches: 2,
    code: 'resource_exhausted',
    because: 'queue_full',
    message: /^the queue of digits\/1\.0 is full: 100 requests are waiting, its limit; retry later/,
    retryAfterMs: 80,
  },
  {
    it: 'a predicted wait over the target, and spreads the retries',
    queuedRows: 8,
    runningBatches: 2,
    targetWaitMs: 24.9,
    random: () => 0.5,
    code: 'resource_exhausted',
    because: 'predicted_wait',
    message: /^digits\/1\.0 would answer in about 25 ms, later than the 24 ms that its targetWaitMs allows/,
    retryAfterMs: 37.5,
  },
  {
    it: 'what may be shed before others at half of the limit',
    queuedRows: 8,
    runningBatches: 2,
    targetWaitMs: 49,
    isBackground: true,
    code: 'resource_exhausted',
    because: 'predicted_wait',
    message: /later than the 24 ms/,
    retryAfterMs: 25,
  },
  {
    it: 'a predicted wait over four fifths of the timeout',
    queuedRows: 8,
    runningBatches: 2,
    timeoutMs: 31,
    code: 'resource_exhausted',
    because: 'predicted_wait',
    message: /^digits\/1\.0 would answer in about 25 ms, later than the 24 ms that this request may take/,
    retryAfterMs: 25,
  },
]

describe('refusalOf', () => {
  for (const [claim, change] of ADMITTED) {
    it(`admits ${claim}`, () => assert.equal(refusalOf({ ...READY, ...change }), undefined))
  }

  for (const { it: claim, code, because, message, retryAfterMs, ...change } of REFUSED) {
    it(`refuses ${claim}`, () => {
      const refusal = refusalOf({ ...READY, ...change })
      assert.equal(refusal?.code, code)
      assert.equal(refusal.reason, because)
      assert.match(refusal.message, message)
      assert.equal(refusal.retryAfterMs, retryAfterMs)
    })
  }
})

const WAITS: readonly (Change & { readonly it: string; readonly waitMs: number })[] = [
  { it: 'is nothing with a free worker', runningBatches: 1, waitMs: 0 },
  { it: 'is the running batches by worker, and its own', runningBatches: 2, waitMs: 20 },
  { it: 'counts queued rows in full batches', runningBatches: 2, queuedRows: 31, waitMs: 35 },
  { it: 'is halved by twice the workers', runningBatches: 4, workers: 4, queuedRows: 32, waitMs: 30 },
  {
    it: 'counts requests whose bodies arrive',
    runningBatches: 2,
    queuedRows: 8,
    arrivingRequests: 8,
    waitMs: 30,
  },
  { it: 'counts what is queued although a worker is free', runningBatches: 1, queuedRows: 8, waitMs: 20 },
]

describe('predictedWaitMs', () => {
  for (const { it: claim, waitMs, ...change } of WAITS) {
    it(claim, () => assert.equal(predictedWaitMs({ ...READY, ...change }), waitMs))
  }
})
