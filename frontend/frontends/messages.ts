import type { Config } from '../config/schema.ts'
import type { CoreEvents, RestartCause } from '../core/events.ts'
import type { PublishedModel } from '../core/mirror/published.ts'
import type { StatisticsDelta } from '../core/statistics.ts'
import type { ResponseFacts } from '../observability/http-metrics.ts'
import type { LineStyle, LogLevels } from '../observability/logger.ts'
import type { KnownToken } from '../security/token.ts'

/* What the primary process and the other frontend processes say to each other, over the channel of the child. */

/** All that a frontend process has to know before it serves. */
export type FrontendSetup = {
  readonly config: Config
  /** Of its batches in worker processes. */
  readonly channel: number
  /** Directory in which each worker process has a socket, named by its process id. */
  readonly workerSockets: string
  /** Socket on which the primary answers what is not answered here. */
  readonly primarySocket: string
  /** The listener whose rules count for its connections. */
  readonly guardKey: 'inferenceAddress' | 'managementAddress'
  /** Whether only this machine reaches that. */
  readonly isLocal: boolean
  /** Absent: nobody needs one. */
  readonly tokens: readonly KnownToken[] | undefined
  readonly log: LogLook
  readonly models: Publication
}

export type LogLook = { readonly levels: LogLevels; readonly style: LineStyle }

/** Models that have changed. `seq` grows with each publication. */
export type Publication = { readonly seq: number; readonly models: readonly PublishedModel[] }

export type ToFrontend =
  | ({ readonly kind: 'setup' } & FrontendSetup)
  | ({ readonly kind: 'models' } & Publication)
  | { readonly kind: 'tokens'; readonly tokens: readonly KnownToken[] }
  | ({ readonly kind: 'log' } & LogLook)
  /** A connection comes with it. */
  | { readonly kind: 'connection' }
  | { readonly kind: 'flush'; readonly id: number }
  | { readonly kind: 'close'; readonly timeoutMs: number }

/** Core events of requests and batches: they happen in every frontend process, and are told once, by the primary. */
export type ForwardedEvent = {
  [K in 'requestFinished' | 'requestRejected' | 'batchFinished']: readonly [K, CoreEvents[K][0]]
}['requestFinished' | 'requestRejected' | 'batchFinished']

/** What has happened since it was told last. */
export type Facts = {
  readonly events: readonly ForwardedEvent[]
  readonly responses: readonly ResponseFacts[]
  /** By the key of the version. */
  readonly statistics: readonly (readonly [key: number, delta: StatisticsDelta])[]
}

export type FromFrontend =
  /** It serves. */
  | { readonly kind: 'started' }
  /** The connection that was sent last has arrived: the next may come. */
  | { readonly kind: 'taken' }
  /** How far it has followed, and the worker sets that it may still send batches to. */
  | { readonly kind: 'followed'; readonly seq: number; readonly setIds: readonly number[] }
  | { readonly kind: 'kill'; readonly pid: number; readonly cause: RestartCause; readonly detail: string }
  | ({ readonly kind: 'facts' } & Facts)
  | { readonly kind: 'flushed'; readonly id: number }
