import { headerName, integer } from '../values.ts'
import { MAX_TIMER_MS, milliseconds, setting } from './setting.ts'

/** What protects the HTTP listeners. */
export const httpSettings = {
  frontends: setting({
    property: 'frontends',
    kind: integer(1, 64, 'processes'),
    default: 1,
    doc: 'Processes that share the connections of the inference address and the workers of the models; 1 is enough until one core is busy with HTTP alone.',
  }),
  drainTimeoutMs: setting({
    property: 'drain_timeout_ms',
    kind: milliseconds(0),
    default: 25_000,
    doc: 'How long accepted requests may take to finish after SIGTERM. Kubernetes kills after 30 s.',
  }),
  maxRequestBytes: setting({
    property: 'max_request_size',
    kind: integer(1, 2_000_000_000, 'bytes'),
    default: 64 * 1024 * 1024,
    torchserveDefault: 6_553_500,
    doc: 'Largest request body, compressed or not, and largest message of gRPC; a larger one is refused without being read to its end.',
  }),
  maxInFlightBytes: setting({
    property: 'max_in_flight_bytes',
    kind: integer(1, Number.MAX_SAFE_INTEGER, 'bytes'),
    default: 4 * 1024 * 1024 * 1024,
    doc: 'Request bodies of all models together that are being read, wait or run; a request beyond is refused with 503 before its body is read. Frontends share it.',
  }),
  maxResponseBytes: setting({
    property: 'max_response_size',
    kind: integer(1, 2_000_000_000, 'bytes'),
    default: 256 * 1024 * 1024,
    torchserveDefault: 6_553_500,
    doc: 'Largest answer of a handler, or piece of a streamed one; a larger one fails its request alone, before it leaves the worker.',
  }),
  compressMinBytes: setting({
    property: 'compress_min_size',
    kind: integer(0, 2_000_000_000, 'bytes'),
    default: 1024,
    torchserveDefault: 0,
    doc: 'Answers in JSON or text of this size and more are compressed for clients whose Accept-Encoding asks for it; 0 never compresses.',
  }),
  headersTimeoutMs: setting({
    property: 'headers_timeout_ms',
    kind: integer(1, MAX_TIMER_MS, 'ms'),
    default: 10_000,
    doc: 'How long a client may take to send the head of a request; then its connection is closed.',
  }),
  requestTimeoutMs: setting({
    property: 'request_timeout_ms',
    kind: integer(1, MAX_TIMER_MS, 'ms'),
    default: 30_000,
    doc: 'How long a client may take to send a whole request, body included; then 408.',
  }),
  keepAliveTimeoutMs: setting({
    property: 'keep_alive_timeout_ms',
    kind: integer(1, MAX_TIMER_MS, 'ms'),
    default: 65_000,
    doc: 'How long an idle connection stays open; longer than the usual 60 s of a balancer, so that it never reuses a closing one.',
  }),
  maxConnections: setting({
    property: 'max_connections',
    kind: integer(1, 1_000_000, 'connections'),
    default: 10_000,
    doc: 'Most connections of each listener; further ones are closed at once.',
  }),
  sequenceIdHeader: setting({
    property: 'ts_header_key_sequence_id',
    kind: headerName,
    default: 'ts_request_sequence_id',
    doc: 'Request header that names the sequence a request belongs to.',
  }),
  sequenceStartHeader: setting({
    property: 'ts_header_key_sequence_start',
    kind: headerName,
    default: 'ts_request_sequence_start',
    doc: 'Request header that is true on the first request of a sequence.',
  }),
  sequenceEndHeader: setting({
    property: 'ts_header_key_sequence_end',
    kind: headerName,
    default: 'ts_request_sequence_end',
    doc: 'Request header that is true on the last request of a sequence.',
  }),
} as const
