import { LOADING_ASSERTIONS } from './loading-assertions.ts'
import { WAITING_ASSERTIONS } from './waiting-assertions.ts'
import type { WiredAssertion } from './wired-assertion.ts'

/** Those of the hundred that one server shows over HTTP and gRPC alike. */
export const WIRED_ASSERTIONS: readonly WiredAssertion[] = [...WAITING_ASSERTIONS, ...LOADING_ASSERTIONS]
