import { EventEmitter } from 'node:events'
import type { ErrorCode } from '../../worker/contract/errors.ts'
import type { BatchTiming, LogRecord, MetricSample } from '../../worker/contract/messages.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { BatchClosedBy } from './batching/batch-closed-by.ts'
import type { VersionState } from './version-state.ts'

export type { BatchClosedBy }

/** Why a worker process was replaced; `device`: its GPU gave an error after which nothing runs in that process. */
export type RestartCause = 'crash' | 'timeout' | 'startup' | 'device'

export type RequestFinished = {
  readonly model: ModelId
  readonly requestId: string
  /** Absent on success. */
  readonly code?: ErrorCode
  readonly totalMs: number
  readonly queueMs: number
  /** Where the time of its batch went; absent when it was not run, or failed. */
  readonly batch?: BatchTiming
  /** Whether it named no version and got the default one. */
  readonly byDefault: boolean
}

export type BatchFinished = {
  readonly model: ModelId
  readonly requests: number
  /** From dispatch to answer, the hop included. */
  readonly workerMs: number
  readonly timing: BatchTiming
  /** Why it took no more requests. */
  readonly closedBy: BatchClosedBy
}

/** Every fact that core announces, once each. Logs and metrics subscribe; nothing in core depends on a listener. */
export type CoreEvents = {
  /** A request left core, with its outcome. */
  requestFinished: [RequestFinished]
  /** A request was refused at admission; `model` is what it asked for, if that is registered. */
  requestRejected: [{ model: ModelId; requestId: string; code: ErrorCode; reason: string }]
  batchFinished: [BatchFinished]
  /** The settings of a version changed, or the workers that take its requests. */
  versionChanged: [{ model: ModelId }]
  stateChanged: [{ model: ModelId; from: VersionState; to: VersionState; reason?: string }]
  workerReady: [{ model: ModelId; pid: number; threadId: number; loadMs: number; warmUpMs: number }]
  workerProcessRestarted: [{ model: ModelId; cause: RestartCause; detail: string; backoffMs: number }]
  /** A line that a worker process or its handler logged. */
  workerLog: [{ model: ModelId; pid: number; record: LogRecord }]
  /** What a handler observed with its own metrics, in order. */
  handlerMetrics: [{ model: ModelId; samples: readonly MetricSample[] }]
  /** Something in an archive is passed over; a sentence. */
  archiveNotice: [{ archive: string; notice: string }]
  /** Something about where models come from that an operator should know; a sentence. */
  repositoryNotice: [{ notice: string }]
  /** The versions, the default or the labels of a model are others now. */
  modelChanged: [{ name: string }]
  /** What was done to the graph of a version before its workers opened it; a sentence. */
  graphNotice: [{ notice: string }]
  /** A version left the registry: per-model series may be dropped. */
  versionRemoved: [{ model: ModelId }]
}

export class EventBus extends EventEmitter<CoreEvents> {}
