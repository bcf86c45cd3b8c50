/** Rows of a full batch. */
export const MAX_BATCH_ROWS = 16
/** s(n) = a + b·n: a full batch takes 40 ms, so that one worker does some 400 a second whatever the machine does. */
const FIXED_MS = 8
const PER_ROW_MS = 2
/** Longest predicted wait, its own run included, that a request is admitted to. */
export const TARGET_WAIT_MS = 250

/** A model that sleeps: server and load generator need not share the processors with it. */
const SLEEPING_HANDLER = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async handle(requests) {
    await new Promise((resolve) => setTimeout(resolve, ${FIXED_MS} + ${PER_ROW_MS} * requests.length))
    return requests.map(() => 'done')
  },
})
`

const UNBOUNDED_CONFIG = `maxBatchRows: ${MAX_BATCH_ROWS}\n`
const MODEL_CONFIG = `${UNBOUNDED_CONFIG}targetWaitMs: ${TARGET_WAIT_MS}\n`

/** Longer than anything is measured, and short enough to wait for at the end. */
const STUCK_MS = 15_000
const STUCK_QUEUED_REQUESTS = 2
/** One more runs. */
export const STUCK_HELD = 1 + STUCK_QUEUED_REQUESTS

/** Its queue is full with the first few requests, and stays so. */
const STUCK_HANDLER = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  async handle(requests) {
    await new Promise((resolve) => setTimeout(resolve, ${STUCK_MS}))
    return requests.map(() => 'done')
  },
})
`

const STUCK_CONFIG = `maxBatchRows: 1\nmaxQueuedRequests: ${STUCK_QUEUED_REQUESTS}\n`

export const MODELS = {
  sleeper: { modelName: 'sleeper', handler: SLEEPING_HANDLER, config: MODEL_CONFIG },
  /** The same without a limit of the wait: its capacity is measured, and nothing of that may be refused. */
  unbounded: { modelName: 'unbounded', handler: SLEEPING_HANDLER, config: UNBOUNDED_CONFIG },
  stuck: { modelName: 'stuck', handler: STUCK_HANDLER, config: STUCK_CONFIG },
}

export const pathOf = ({ modelName }: { readonly modelName: string }) => `/predictions/${modelName}`
