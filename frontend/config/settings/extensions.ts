import { path, pattern } from '../values.ts'
import { setting } from './setting.ts'

const HEADER_PATTERN_DOC = 'become parameters of Open Inference Protocol requests'

/** Triton's extensions to the Open Inference Protocol. */
export const extensionsSettings = {
  httpHeaderForwardPattern: setting({
    property: 'http_header_forward_pattern',
    kind: pattern,
    default: '',
    defaultText: 'none',
    doc: `Request headers whose lower-case names this regular expression finds ${HEADER_PATTERN_DOC}; anchor it with \`^\` and \`$\`.`,
  }),
  grpcHeaderForwardPattern: setting({
    property: 'grpc_header_forward_pattern',
    kind: pattern,
    default: '',
    defaultText: 'none',
    doc: `The same for the metadata of gRPC calls.`,
  }),
  traceFile: setting({
    property: 'trace_file',
    kind: path,
    default: '',
    defaultText: 'the log',
    doc: 'Where traces of requests go, a line of JSON each, when `POST /v2/trace/setting` turns them on.',
  }),
} as const
