import { ServingError } from '../../../worker/contract/errors.ts'
import { formatModelId, type ModelId } from '../../../worker/contract/model-id.ts'
import type { SequenceMark } from '../data-plane.ts'

/* What sequences are refused for, and what ends them; side by side, as in core's `errors.ts`. */

/** Why a sequence is over: the last two were wanted, the others happened to it. */
export type SequenceEnding = 'lost' | 'scaled' | 'idle' | 'timeout' | 'handler' | 'client'

const WHY: Readonly<Record<SequenceEnding, string>> = {
  lost: 'its worker ended, and what the handler remembered of it is lost',
  scaled: 'its worker was replaced by a scaling, and what the handler remembered of it is lost',
  idle: 'no request of it came for longer than sequenceBatching.maxIdleMs',
  timeout: 'it lasted longer than sequenceBatching.timeoutMs',
  handler: 'the handler ended it',
  client: 'an earlier request ended it',
}

const IS_LOST: readonly SequenceEnding[] = ['lost', 'scaled']

export function sequenceEnded(model: ModelId, id: string, ending: SequenceEnding): ServingError {
  const message = `sequence '${id}' of ${formatModelId(model)} is over: ${WHY[ending]}; start it again with its first request, marked as the start or without an id`
  return IS_LOST.includes(ending)
    ? new ServingError('unavailable', message, { reason: 'sequence_lost' })
    : new ServingError('failed_precondition', message, { reason: 'sequence_ended' })
}

/** Of a request that its worker had. */
export function sequenceLost(model: ModelId, detail: string): ServingError {
  return new ServingError(
    'unavailable',
    `the worker of ${formatModelId(model)} that held the state of this sequence is gone (${detail}); start the sequence again with its first request`,
    { reason: 'sequence_lost' },
  )
}

export function sequenceQueueFull(id: string, maxQueuedRequests: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `sequence '${id}' has ${maxQueuedRequests} requests waiting, the limit of sequenceBatching.maxQueuedRequests; wait for an answer before sending more, or raise it`,
    { reason: 'sequence_queue_full' },
  )
}

export function tooManySequences(model: ModelId, maxSequences: number, retryAfterMs: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `${formatModelId(model)} holds ${maxSequences} sequences, its limit; end one, retry later, or raise sequenceBatching.maxSequences`,
    { reason: 'sequence_capacity', retryAfterMs },
  )
}

export function badSequenceId(id: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `sequence id ${JSON.stringify(id.slice(0, 300))} cannot be used: give 1 to 256 visible ASCII characters without blanks`,
    { reason: 'sequence_id' },
  )
}

/** What a protocol whose sequences are opened by a mark refuses. @param isOpen whether there is a sequence of its id */
export function explicitMark(model: ModelId, mark: SequenceMark, isOpen: boolean): ServingError | undefined {
  const { id, start, explicit } = mark
  if (explicit !== true || isOpen || (id !== undefined && start)) return undefined
  const problem =
    id === undefined
      ? 'serves sequences, and the request names none: give it a sequence_id'
      : `has no open sequence '${id.slice(0, 300)}': mark the first request of a sequence with sequence_start`
  return new ServingError('invalid_argument', `${formatModelId(model)} ${problem}`, {
    reason: 'sequence_id',
  })
}

/** A state belongs to one row. */
export function explicitRows(model: ModelId, mark: SequenceMark, rows: number): ServingError | undefined {
  if (mark.explicit !== true || rows <= 1) return undefined
  return new ServingError(
    'invalid_argument',
    `${formatModelId(model)} serves sequences, and a request of a sequence has one row, not ${rows}; send a sequence for each`,
    { reason: 'sequence_rows' },
  )
}
