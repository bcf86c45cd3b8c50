import { status } from '@grpc/grpc-js'

/** How a call ends: with a message, of which these members are looked at, or with a status. */
export type GrpcExpected =
  | { readonly message: Readonly<Record<string, RegExp>> }
  | { readonly code: status; readonly details?: RegExp }

/** One row of the reference's §6. */
export type GrpcCase = {
  readonly it: string
  readonly service: 'inference' | 'management'
  readonly method: string
  readonly request: object
  readonly metadata?: Readonly<Record<string, string>>
  readonly deadlineMs?: number
  readonly strict: GrpcExpected
  /** Where the exact quirk differs; absent: the same. */
  readonly torchserve?: GrpcExpected
}

const bytes = (text: string) => Buffer.from(text)
const msg = (pattern: RegExp): GrpcExpected => ({ message: { msg: pattern } })

const predict = (model: string, input: Readonly<Record<string, string>>, version = '') => ({
  model_name: model,
  model_version: version,
  input: Object.fromEntries(Object.entries(input).map(([name, text]) => [name, bytes(text)])),
})

/** Predictions: what a handler sees, and how each failure ends. */
const INFERENCE: readonly GrpcCase[] = [
  {
    it: 'health is JSON',
    service: 'inference',
    method: 'Ping',
    request: {},
    strict: { message: { health: /"status": "Healthy"/ } },
  },
  {
    it: 'each entry of the input is bytes without a type',
    service: 'inference',
    method: 'Predictions',
    request: predict('echo', { data: '[1]' }),
    strict: { message: { prediction: /"data":\s*\{\s*"bytes":\s*"\[1\]"/ } },
  },
  {
    it: 'a version',
    service: 'inference',
    method: 'Predictions',
    request: predict('echo', { body: 'a' }, '1.0'),
    strict: { message: { prediction: /"body"/ } },
  },
  {
    it: 'the metadata of a call are headers for the handler',
    service: 'inference',
    method: 'Predictions',
    request: predict('outcomes', { body: 'plain' }),
    metadata: { 'x-vintage': '1959' },
    strict: { message: { prediction: /^plain$/ } },
  },
  {
    it: 'an unknown model',
    service: 'inference',
    method: 'Predictions',
    request: predict('nobody', { body: 'a' }),
    strict: { code: status.NOT_FOUND, details: /nobody/ },
    torchserve: { code: status.INTERNAL, details: /nobody/ },
  },
  {
    it: 'an unknown version',
    service: 'inference',
    method: 'Predictions',
    request: predict('tiny', { x: '[[1,2,3,4]]' }, '9.9'),
    strict: { code: status.NOT_FOUND, details: /9\.9/ },
    torchserve: { code: status.INTERNAL, details: /9\.9/ },
  },
  {
    it: 'a model without workers',
    service: 'inference',
    method: 'Predictions',
    request: predict('idle', { x: '[[1,2,3,4]]' }),
    strict: { code: status.UNAVAILABLE, details: /idle/ },
    torchserve: { code: status.INTERNAL },
  },
  {
    it: 'an input that the model refuses',
    service: 'inference',
    method: 'Predictions',
    request: predict('tiny', { w: '[[1,2,3,4]]' }),
    strict: { code: status.INVALID_ARGUMENT, details: /'w'/ },
  },
  {
    it: 'a handler that refuses',
    service: 'inference',
    method: 'Predictions',
    request: predict('outcomes', { body: 'refuse' }),
    strict: { code: status.INVALID_ARGUMENT, details: /corked/ },
  },
  {
    it: 'a handler that throws',
    service: 'inference',
    method: 'Predictions',
    request: predict('outcomes', { body: 'throw' }),
    strict: { code: status.INTERNAL, details: /^(?!.*secret)/ },
  },
  {
    it: 'an input over the limit',
    service: 'inference',
    method: 'Predictions',
    request: predict('small', { x: 'x'.repeat(2000) }),
    strict: { code: status.RESOURCE_EXHAUSTED, details: /1000/ },
  },
  {
    it: 'a deadline that passes',
    service: 'inference',
    method: 'Predictions',
    request: predict('narrow', { body: 'a' }),
    deadlineMs: 100,
    strict: { code: status.DEADLINE_EXCEEDED },
  },
]

/** Management: the text of the REST API in `msg`, and its outcomes as statuses. */
const MANAGEMENT: readonly GrpcCase[] = [
  {
    it: 'register and wait',
    service: 'management',
    method: 'RegisterModel',
    request: { url: 'other-2.0.mar', initial_workers: 1, synchronous: true, batch_size: 4 },
    strict: msg(/"other" version 2\.0 registered with 1 initial workers/),
  },
  {
    it: 'register a missing archive',
    service: 'management',
    method: 'RegisterModel',
    request: { url: 'missing.mar' },
    strict: { code: status.NOT_FOUND, details: /missing\.mar/ },
  },
  {
    it: 'register without an archive',
    service: 'management',
    method: 'RegisterModel',
    request: {},
    strict: { code: status.INVALID_ARGUMENT, details: /url/ },
  },
  {
    it: 'register workers that cannot start',
    service: 'management',
    method: 'RegisterModel',
    request: { url: 'unloadable.mar', initial_workers: 1, synchronous: true },
    strict: { code: status.INTERNAL, details: /no grapes/ },
  },
  {
    it: 'list',
    service: 'management',
    method: 'ListModels',
    request: { limit: 2 },
    strict: msg(/"nextPageToken": "2"[^]*"models"/),
  },
  {
    it: 'describe',
    service: 'management',
    method: 'DescribeModel',
    request: { model_name: 'other', model_version: '2.0' },
    strict: msg(/"modelVersion": "2\.0"[^]*"batchSize": 4/),
  },
  {
    it: 'describe by the handler',
    service: 'management',
    method: 'DescribeModel',
    request: { model_name: 'stream', customized: true },
    strict: msg(/grapes/),
  },
  {
    it: 'describe an unknown model',
    service: 'management',
    method: 'DescribeModel',
    request: { model_name: 'nobody' },
    strict: { code: status.NOT_FOUND, details: /nobody/ },
  },
  {
    it: 'scale and wait',
    service: 'management',
    method: 'ScaleWorker',
    request: { model_name: 'other', min_worker: 2, synchronous: true },
    strict: msg(/scaled to 2/),
  },
  {
    it: 'scale to more at least than at most',
    service: 'management',
    method: 'ScaleWorker',
    request: { model_name: 'other', min_worker: 3, max_worker: 1 },
    strict: { code: status.INVALID_ARGUMENT, details: /max_worker/ },
  },
  {
    it: 'the default version',
    service: 'management',
    method: 'SetDefault',
    request: { model_name: 'other', model_version: '2.0' },
    strict: msg(/"other"[^]*"2\.0"/),
  },
  {
    it: 'an unknown version as the default',
    service: 'management',
    method: 'SetDefault',
    request: { model_name: 'other', model_version: '9.9' },
    strict: { code: status.NOT_FOUND, details: /9\.9/ },
  },
  {
    it: 'unregister',
    service: 'management',
    method: 'UnregisterModel',
    request: { model_name: 'other' },
    strict: msg(/"other" unregistered/),
  },
  {
    it: 'unregister what is gone',
    service: 'management',
    method: 'UnregisterModel',
    request: { model_name: 'other' },
    strict: { code: status.NOT_FOUND, details: /other/ },
  },
]

export const GRPC_CASES: readonly GrpcCase[] = [...INFERENCE, ...MANAGEMENT]
