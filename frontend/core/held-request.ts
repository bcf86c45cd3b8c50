import { ServingError } from '../../worker/contract/errors.ts'
import type { RequestPayload } from '../../worker/contract/messages.ts'
import { payloadBytes, type Outcome } from './batching/pending-request.ts'
import type { ByteBudget } from './byte-budget.ts'
import type { Clock } from './clock.ts'
import type {
  AdmittedRequest,
  InferenceResponse,
  ModelSelector,
  RequestHead,
  RunOptions,
} from './data-plane.ts'
import { bodyTooLarge } from './errors.ts'
import type { EventBus } from './events.ts'
import type { ModelVersion } from './model-version.ts'
import { checkTensorRequest } from './tensor-request.ts'
import { giveFrameBack } from './workers/frame-memory.ts'

export type HeldRequestOptions = {
  readonly version: ModelVersion
  readonly head: RequestHead
  readonly events: EventBus
  readonly clock: Clock
  /** From which the announced bytes of the request have been taken. */
  readonly budget: ByteBudget | undefined
}

/** A request's hold on a version, released exactly once. */
export class HeldRequest implements AdmittedRequest {
  readonly #options: HeldRequestOptions
  readonly #arrivedAtMs: number
  #bytes: number
  #isHeld = true
  #hasRun = false

  constructor(options: HeldRequestOptions) {
    this.#options = options
    this.#bytes = options.head.announcedBytes ?? 0
    this.#arrivedAtMs = options.clock.nowMs()
  }

  get model() {
    return this.#options.version.model
  }

  get maxRequestBytes() {
    return this.#options.version.settings.maxRequestBytes
  }

  get inputs() {
    return this.#options.version.workers?.report?.inputs ?? []
  }

  async run(payload: RequestPayload, options: RunOptions = {}): Promise<InferenceResponse> {
    try {
      const outcome = await this.#outcomeOf(payload, options)
      this.#announce(outcome)
      if (!outcome.ok) throw outcome.error
      const response = responseOf(this.#options.version, outcome)
      this.#options.head.onTiming?.(response.timing)
      return response
    } finally {
      this.cancel()
    }
  }

  #outcomeOf(payload: RequestPayload, options: RunOptions): Promise<Outcome> | Outcome {
    const { version, head } = this.#options
    let checked: RequestPayload
    try {
      const bytes = payloadBytes(payload)
      checked = this.#checked(payload, bytes)
      this.#growTo(bytes)
    } catch (error) {
      if (error instanceof ServingError) return { ok: false, error, queueMs: 0 }
      throw error
    }
    this.#hasRun = true
    const { onPiece, sequence, priority, timeoutMs } = options
    const arrivedAtMs = this.#arrivedAtMs
    return version.run(head, { onPiece, sequence, priority, timeoutMs, arrivedAtMs, payload: checked })
  }

  /** What is wrong with a request is found here, before it can share a batch. */
  #checked(payload: RequestPayload, bytes: number): RequestPayload {
    if (payload.kind === 'tensors') return checkTensorRequest(this.#options.version, payload)
    if (bytes > this.maxRequestBytes) throw bodyTooLarge(this.model, bytes, this.maxRequestBytes)
    return payload
  }

  giveBack({ payload, timing }: InferenceResponse): void {
    giveFrameBack(payload, timing.batchRequests)
  }

  /** It came in chunks, or packed: now it is known how large it is. */
  #growTo(bytes: number): void {
    if (bytes <= this.#bytes) return
    this.#options.budget?.grow(this.#bytes, bytes)
    this.#bytes = bytes
  }

  cancel(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#options.budget?.giveBack(this.#bytes)
    if (this.#hasRun) this.#options.version.release()
    else this.#options.version.abandon()
  }

  #announce(outcome: Outcome): void {
    const { version, events, clock, head } = this.#options
    const totalMs = clock.nowMs() - this.#arrivedAtMs
    if (outcome.ok) version.statistics.requestAnswered(outcome, totalMs, head.operation)
    else version.statistics.requestFailed(outcome.error, totalMs)
    const { requestId } = head
    const { queueMs } = outcome
    const byDefault = isByDefault(head.model)
    const { model } = this
    if (outcome.ok) {
      events.emit('requestFinished', { model, requestId, totalMs, queueMs, byDefault, batch: outcome.timing })
    } else {
      const { code } = outcome.error
      events.emit('requestFinished', { model, requestId, totalMs, queueMs, byDefault, code })
    }
  }
}

function responseOf(version: ModelVersion, outcome: Outcome & { ok: true }): InferenceResponse {
  const { timing, batchRequests, closedBy, predictedMs, queueMs, workerMs } = outcome
  const { status, headers, payload } = outcome.response
  const response = {
    model: version.model,
    payload,
    streamed: outcome.streamed === true,
    timing: { queueMs, workerMs, batch: timing, batchRequests, closedBy, predictedMs },
  }
  if (status === undefined && headers === undefined) return response
  return {
    ...response,
    ...(status === undefined ? {} : { status }),
    ...(headers === undefined ? {} : { headers }),
  }
}

function isByDefault({ version, label, integerVersion }: ModelSelector): boolean {
  return version === undefined && label === undefined && integerVersion === undefined
}
