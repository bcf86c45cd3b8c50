import { messageOf, refusal, ServingError } from '../../worker/contract/errors.ts'
import { formatModelId, type ModelId } from '../../worker/contract/model-id.ts'
import { nearest } from '../../worker/contract/nearest.ts'
import type { TensorMetadata } from '../../worker/contract/tensor.ts'
import type { ModelSelector } from './data-plane.ts'

/* What core refuses, and why; one function per situation, so that the messages are read side by side. */

export function modelNotFound(name: string, known: readonly string[]): ServingError {
  const hint =
    known.length === 0 ? 'no model is registered' : `registered are: ${known.slice(0, 20).join(', ')}`
  return new ServingError('not_found', `model '${name}' is not registered; ${hint}`, { reason: 'model' })
}

export function versionNotFound(selector: ModelSelector, known: readonly string[]): ServingError {
  const version = selector.version ?? selector.integerVersion ?? ''
  return new ServingError(
    'not_found',
    `model '${selector.name}' has no version '${version}'; its versions are: ${known.join(', ')}`,
    { reason: 'version' },
  )
}

/** @param labels of the model: one that is asked for may name a version that is not there */
export function labelNotFound(
  name: string,
  label: string,
  labels: Readonly<Record<string, string>>,
): ServingError {
  const known = Object.entries(labels).map(([each, version]) => `${each} (${version})`)
  const problem = Object.hasOwn(labels, label)
    ? `the label '${label}' of model '${name}' points to version '${labels[label] ?? ''}', which is not registered`
    : `model '${name}' has no label '${label}'`
  return new ServingError(
    'not_found',
    `${problem}; ${known.length === 0 ? 'it has no labels' : `its labels are: ${known.join(', ')}`}`,
    { reason: 'label' },
  )
}

export function labelNeedsReady(model: ModelId, label: string, state: string): ServingError {
  return new ServingError(
    'failed_precondition',
    `the label '${label}' cannot point to ${formatModelId(model)}, which is '${state}': a label moves only to a version that is ready`,
    { reason: 'label' },
  )
}

export function badLabel(label: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `'${label}' cannot be a label: use letters, digits, '.', '_' and '-', starting with a letter or digit`,
    { reason: 'label' },
  )
}

export function alreadyRegistered(model: ModelId): ServingError {
  return new ServingError(
    'already_exists',
    `version '${model.version}' of model '${model.name}' is registered already; unregister it first, or give the archive another version`,
    { reason: 'version' },
  )
}

/** The same archive once more, whose workers did not start: saying that it is there would hide that. */
export function registeredAsFailed(model: ModelId, reason: string): ServingError {
  return new ServingError(
    'failed_precondition',
    `${formatModelId(model)} is registered already, from the same archive, and did not start: ${reason}; scale it to try again, or unregister it`,
    { reason: 'startup' },
  )
}

export function otherDigest(archive: string, expected: string, actual: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `archive '${archive}' has the SHA-256 ${actual}, and not ${expected}: it is another file than the one that was meant`,
    { reason: 'archive' },
  )
}

export function otherVersion(archive: string, declared: string, actual: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `archive '${archive}' holds version '${actual}', and is declared as '${declared}'; correct the declaration, or pack that version`,
    { reason: 'archive' },
  )
}

export function defaultVersionInUse(model: ModelId): ServingError {
  return new ServingError(
    'failed_precondition',
    `version '${model.version}' is the default of model '${model.name}' and other versions exist; make another version the default first`,
    { reason: 'default_version' },
  )
}

export function queueFull(model: ModelId, maxQueuedRequests: number, retryAfterMs: number): ServingError {
  return refusal(
    'resource_exhausted',
    `the queue of ${formatModelId(model)} is full: ${maxQueuedRequests} requests are waiting, its limit; retry later, add workers, or raise maxQueuedRequests`,
    { reason: 'queue_full', retryAfterMs },
  )
}

export function levelFull(model: ModelId, level: number, maxQueuedRequests: number): ServingError {
  return refusal(
    'resource_exhausted',
    `${maxQueuedRequests} requests of priority ${level} wait for ${formatModelId(model)}, the limit of its queue policy; retry later, or raise its maxQueuedRequests`,
    { reason: 'queue_full', retryAfterMs: 1000 },
  )
}

export function queueTimeout(model: ModelId, timeoutMs: number): ServingError {
  return refusal(
    'deadline_exceeded',
    `no worker of ${formatModelId(model)} took the request within ${timeoutMs} ms, the longest that its queue policy lets it wait; retry later, or add workers`,
    { reason: 'queue' },
  )
}

export function queueFullOfBytes(model: ModelId, maxQueuedBytes: number, retryAfterMs: number): ServingError {
  return refusal(
    'resource_exhausted',
    `the requests that wait for ${formatModelId(model)} take ${maxQueuedBytes} bytes together, the limit; retry later, or add workers`,
    { reason: 'queue_full', retryAfterMs },
  )
}

export type WaitLimit = {
  readonly limitMs: number
  readonly isTarget: boolean
  readonly retryAfterMs: number
}

export function waitTooLong(
  model: ModelId,
  predictedMs: number,
  { limitMs, isTarget, retryAfterMs }: WaitLimit,
): ServingError {
  const bound = isTarget ? 'its targetWaitMs allows' : 'this request may take'
  return refusal(
    'resource_exhausted',
    `${formatModelId(model)} would answer in about ${Math.ceil(predictedMs)} ms, later than the ${Math.floor(limitMs)} ms that ${bound}; retry later, or add workers`,
    { reason: 'predicted_wait', retryAfterMs },
  )
}

export function wouldBeLate(model: ModelId, predictedMs: number, leftMs: number): ServingError {
  return refusal(
    'deadline_exceeded',
    `${formatModelId(model)} would take about ${Math.ceil(predictedMs)} ms, and this request has ${Math.floor(leftMs)} ms left: it was not run, because others wait that are in time; allow it more time, or add workers`,
    { reason: 'queue' },
  )
}

export function queueOutgrown(model: ModelId, waitedMs: number): ServingError {
  return refusal(
    'resource_exhausted',
    `${formatModelId(model)} has become slower than predicted, and this request has waited for ${Math.round(waitedMs)} ms already; retry later, or add workers`,
    { reason: 'overload', retryAfterMs: waitedMs },
  )
}

export function noIdleWorker(model: ModelId, workers: number, retryAfterMs: number): ServingError {
  const which = workers === 0 ? 'none is loaded' : `all ${workers} are busy`
  return refusal(
    'resource_exhausted',
    `${formatModelId(model)} has no idle worker (${which}), and useJobTicket admits a request only for one; retry later, or add workers`,
    { reason: 'no_idle_worker', retryAfterMs },
  )
}

export function bodyTooLarge(model: ModelId, bytes: number, maxRequestBytes: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `the request body has ${bytes} bytes, ${formatModelId(model)} accepts at most ${maxRequestBytes}`,
    { reason: 'body_too_large' },
  )
}

export function notServing(model: ModelId, reason: string, why: string, retryAfterMs: number): ServingError {
  return refusal('unavailable', `${formatModelId(model)} cannot answer: ${why}`, {
    reason,
    retryAfterMs,
  })
}

export function deadlineExceeded(model: ModelId, timeoutMs: number, where: 'queue' | 'worker'): ServingError {
  const place = where === 'queue' ? 'waiting for a worker' : 'running'
  return refusal(
    'deadline_exceeded',
    `${formatModelId(model)} did not answer within ${Math.round(timeoutMs)} ms; the request was ${place}`,
    { reason: where },
  )
}

export function unknownOutput(name: string, outputs: readonly TensorMetadata[]): ServingError {
  const names = outputs.map((output) => output.name)
  const suggestion = nearest(name, names)
  const hint = suggestion === undefined ? '' : `; did you mean '${suggestion}'?`
  return new ServingError(
    'invalid_argument',
    `unknown output '${name}', the model answers ${names.map((each) => `'${each}'`).join(', ')}${hint}`,
    { reason: 'output' },
  )
}

export function outputTwice(name: string): ServingError {
  return new ServingError('invalid_argument', `output '${name}' is asked for twice`, { reason: 'output' })
}

export function tensorsNotTaken(model: ModelId): ServingError {
  return new ServingError(
    'unimplemented',
    `the handler of ${formatModelId(model)} decodes requests in a form of its own and declares no tensors; ask it by /predictions, or give it a 'signature' of inputs and outputs`,
    { reason: 'no_tensors' },
  )
}

export function clientGone(): ServingError {
  return refusal('cancelled', 'the client closed the connection', { reason: 'client_gone' })
}

export function workerCrashed(model: ModelId, detail: string): ServingError {
  return new ServingError(
    'internal',
    `the worker of ${formatModelId(model)} ended twice while it ran this request (${detail}); it is not tried again`,
    { reason: 'worker_crashed' },
  )
}

export function streamBroken(model: ModelId, detail: string): ServingError {
  return new ServingError(
    'unavailable',
    `the worker of ${formatModelId(model)} ended after a part of the answer was sent (${detail}); ask again`,
    { reason: 'stream_broken' },
  )
}

export function answerTooLarge(model: ModelId, maxBytes: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `the pieces of the answer of ${formatModelId(model)} are over ${maxBytes} bytes together, the limit for a caller that wants them in one; ask for a streamed answer`,
    { reason: 'answer_too_large' },
  )
}

export function pieceNotTaken(cause: unknown): ServingError {
  return new ServingError('internal', 'a piece of the answer could not be sent on', {
    cause,
    reason: 'stream_broken',
  })
}

export function memoryTooSmall(model: ModelId, neededBytes: number, availableBytes: number): ServingError {
  return new ServingError(
    'resource_exhausted',
    `the workers of ${formatModelId(model)} would take about ${neededBytes} bytes of memory, and ${availableBytes} are left; start fewer workers, unload a version, or raise memory_limit_bytes if more is there`,
    { reason: 'memory' },
  )
}

/** @param cause says what the caller should do, if it was made for callers */
export function workersDidNotStart(model: ModelId, cause: unknown): ServingError {
  const message = `${formatModelId(model)} did not start: ${messageOf(cause)}`
  if (!(cause instanceof ServingError)) return new ServingError('internal', message, { reason: 'startup' })
  const { code, reason = 'startup', retryAfterMs } = cause
  return new ServingError(code, message, {
    cause,
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** @param cause of the failed write; the change is undone. */
export function stateNotSaved(cause: unknown): ServingError {
  const isDiskFull = cause instanceof Error && 'code' in cause && DISK_FULL_CODES.includes(cause.code)
  return new ServingError(
    isDiskFull ? 'resource_exhausted' : 'internal',
    `the change could not be saved, and was not made: ${messageOf(cause)}`,
    { cause, reason: isDiskFull ? 'disk_full' : 'state_not_saved' },
  )
}

const DISK_FULL_CODES: readonly unknown[] = ['ENOSPC', 'EDQUOT']

export function stillStarting(): ServingError {
  return new ServingError('unavailable', 'the server is starting: its models are being brought back', {
    reason: 'starting',
    retryAfterMs: 1000,
  })
}

export function shuttingDown(): ServingError {
  return new ServingError('unavailable', 'the server is shutting down', {
    reason: 'shutting_down',
    retryAfterMs: 1000,
  })
}
