import type { ModelId } from '../../../worker/contract/model-id.ts'
import { clientGone, deadlineExceeded } from '../errors.ts'
import type { PendingRequest } from './pending-request.ts'

/** Settles a request whose client is gone or whose time is over. @returns whether it is settled */
export function endIfOver(request: PendingRequest, model: ModelId, nowMs: number): boolean {
  const { signal, deadlineMs, arrivedAtMs } = request.init
  if (signal.aborted) request.fail(clientGone(), nowMs)
  else if (nowMs >= deadlineMs) {
    const where = request.dispatchedAtMs === undefined ? 'queue' : 'worker'
    request.fail(deadlineExceeded(model, deadlineMs - arrivedAtMs, where), nowMs)
  }
  return request.isSettled
}
