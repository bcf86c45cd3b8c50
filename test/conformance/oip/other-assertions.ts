import type { Assertion } from './assertion.ts'

const EXTENSIONS = 'shown with the extension that it belongs to'

const pending = (number: number, it: string, skip = EXTENSIONS): Assertion => ({ number, it, skip })

/** Those that no request of the protocol itself shows. */
export const OTHER_ASSERTIONS: readonly Assertion[] = [
  pending(85, 'preferred batch sizes'),
  pending(86, 'the order of answers'),
  pending(87, 'requests of different shapes run apart'),
  pending(96, 'requests in flight finish when the server ends', 'shown in e2e/faults.test.ts'),
  pending(97, 'a hundred interleaved requests of one stream', 'gRPC only'),
  pending(98, 'a stream that is cancelled', 'gRPC only'),
]
