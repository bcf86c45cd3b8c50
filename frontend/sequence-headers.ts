import type { Config } from './config/schema.ts'
import type { SequenceHeaders } from './protocols/kernel/request-head.ts'

/** The names that the settings give to the headers of a sequence, over HTTP and gRPC. */
export function sequenceHeadersOf(config: Config): SequenceHeaders {
  return {
    id: config.sequenceIdHeader,
    start: config.sequenceStartHeader,
    end: config.sequenceEndHeader,
  }
}
