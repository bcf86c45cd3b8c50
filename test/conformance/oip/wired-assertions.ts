import { LOADING_ASSERTIONS } from './loading-assertions.ts'
import { QUEUE_ASSERTIONS } from './queue-assertions.ts'
import type { WiredAssertion } from './wired-assertion.ts'

/** Those of the hundred that one server shows over HTTP and gRPC alike. */
export const WIRED_ASSERTIONS: readonly WiredAssertion[] = [...QUEUE_ASSERTIONS, ...LOADING_ASSERTIONS]
