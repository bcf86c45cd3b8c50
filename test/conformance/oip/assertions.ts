import type { Assertion } from './assertion.ts'
import { BODY_ASSERTIONS } from './body-assertions.ts'
import { BINARY_ASSERTIONS } from './binary-assertions.ts'
import { CONTROL_ASSERTIONS } from './control-assertions.ts'
import { EXTENSION_ASSERTIONS } from './extension-assertions.ts'
import { LIFECYCLE_ASSERTIONS } from './lifecycle-assertions.ts'
import { QUEUE_ASSERTIONS } from './queue-assertions.ts'
import { ROUTE_ASSERTIONS } from './route-assertions.ts'
import { STREAM_ASSERTIONS } from './stream-assertions.ts'
import { TENSOR_ASSERTIONS } from './tensor-assertions.ts'
import { TRANSPORT_ASSERTIONS } from './transport-assertions.ts'

/**
 * The hundred assertions over HTTP: what a client of Triton relies on, and where this server does better. A test
 * checks that none is forgotten.
 */
export const ASSERTIONS: readonly Assertion[] = [
  ...ROUTE_ASSERTIONS,
  ...BODY_ASSERTIONS,
  ...TENSOR_ASSERTIONS,
  ...BINARY_ASSERTIONS,
  ...TRANSPORT_ASSERTIONS,
  ...EXTENSION_ASSERTIONS,
  ...CONTROL_ASSERTIONS,
  ...QUEUE_ASSERTIONS,
  ...STREAM_ASSERTIONS,
  ...LIFECYCLE_ASSERTIONS,
]
