import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { OipGrpcFixture } from '../../../support/oip-grpc-fixture.ts'

describe('the model repository over gRPC', () => {
  let server: OipGrpcFixture
  beforeEach(async () => {
    server = await OipGrpcFixture.open()
    server.controlPlane.entries = [
      { name: 'digits', version: '1.0', state: 'ready' },
      { name: 'gone', version: '1.0', state: 'unloaded' },
      { name: 'late', version: '1.0', state: 'loading' },
      { name: 'never' },
      { name: 'torn', version: '2.0', state: 'failed', reason: 'no such operator' },
    ]
  })
  afterEach(() => server.close())

  async function index(request: object) {
    const { message } = await server.client.unary('RepositoryIndex', request)
    const models = message['models'] as { name: string; version: string; state: string; reason: string }[]
    return models.map(({ name, version, state, reason }) => [name, version, state, reason].join(' ').trim())
  }

  it('tells every model, and the state of each version', async () => {
    assert.deepEqual(await index({}), [
      'digits 1.0 READY',
      'gone 1.0 UNAVAILABLE unloaded',
      'late 1.0 LOADING',
      'never',
      'torn 2.0 UNAVAILABLE no such operator',
    ])
  })

  it('tells only what can answer when it is asked for that', async () => {
    assert.deepEqual(await index({ ready: true }), ['digits 1.0 READY'])
  })

  const CHANGES = [
    { method: 'RepositoryModelLoad', parameters: {}, asked: ['load', { name: 'm' }], outcome: 'isLoaded' },
    {
      method: 'RepositoryModelLoad',
      parameters: {
        config: { string_param: '{"max_batch_size":4}' },
        'file:1/model.onnx': { bytes_param: Buffer.from('o') },
      },
      asked: [
        'load',
        { name: 'm', config: { max_batch_size: 4 }, files: new Map([['1/model.onnx', Buffer.from('o')]]) },
      ],
      outcome: 'isLoaded',
    },
    {
      method: 'RepositoryModelUnload',
      parameters: { unload_dependents: { bool_param: true } },
      asked: ['unload', { name: 'm' }],
      outcome: 'isUnloaded',
    },
  ]
  for (const { method, parameters, asked, outcome } of CHANGES) {
    it(`${method} with the parameters ${Object.keys(parameters).join(', ') || 'none'}`, async () => {
      const { message } = await server.client.unary(method, { model_name: 'm', parameters })
      assert.deepEqual(server.controlPlane.calls, [asked])
      assert.deepEqual([message['model_name'], message[outcome]], ['m', true])
    })
  }

  const REFUSED = [
    {
      method: 'RepositoryModelLoad',
      request: {},
      code: 'INVALID_ARGUMENT',
      says: /'model_name' is required/,
    },
    {
      method: 'RepositoryModelLoad',
      request: { model_name: 'm', repository_name: 'r' },
      code: 'UNIMPLEMENTED',
      says: /repository 'r' cannot be named/,
    },
    {
      method: 'RepositoryIndex',
      request: { repository_name: 'r' },
      code: 'UNIMPLEMENTED',
      says: /repository 'r' cannot be named/,
    },
    {
      method: 'RepositoryModelLoad',
      request: { model_name: 'm', parameters: { x: { bool_param: true } } },
      code: 'INVALID_ARGUMENT',
      says: /\/parameters\/x is unknown/,
    },
    {
      method: 'RepositoryModelLoad',
      request: { model_name: 'm', parameters: { config: { string_param: '{' } } },
      code: 'INVALID_ARGUMENT',
      says: /parameters\/config .* is not valid JSON/,
    },
    {
      method: 'RepositoryModelLoad',
      request: { model_name: 'm', parameters: { config: { string_param: '[]' } } },
      code: 'INVALID_ARGUMENT',
      says: /is JSON, but no object/,
    },
    {
      method: 'RepositoryModelLoad',
      request: { model_name: 'm', parameters: { 'file:1/a': { bool_param: true } } },
      code: 'INVALID_ARGUMENT',
      says: /file:1\/a is true, expected the content/,
    },
    {
      method: 'RepositoryModelUnload',
      request: { model_name: 'm', parameters: { x: { bool_param: true } } },
      code: 'INVALID_ARGUMENT',
      says: /expected 'unload_dependents'/,
    },
  ] as const
  for (const { method, request, code, says } of REFUSED) {
    it(`refuses ${method} of ${JSON.stringify(request)}`, async () => {
      const failure = await server.client.failure(method, request)
      assert.deepEqual([status[failure.code], server.controlPlane.calls], [code, []])
      assert.match(failure.details, says)
    })
  }

  it('ends with the status of what the control plane refuses', async () => {
    server.controlPlane.failure = new ServingError('failed_precondition', 'the mode is none')
    const { code, details } = await server.client.failure('RepositoryModelLoad', { model_name: 'm' })
    assert.deepEqual([code, details], [status.FAILED_PRECONDITION, 'the mode is none'])
  })
})

describe('the settings over gRPC', () => {
  let server: OipGrpcFixture
  beforeEach(async () => {
    server = await OipGrpcFixture.open()
  })
  afterEach(() => server.close())

  async function settings(method: string, request: object): Promise<Record<string, unknown>> {
    const { message } = await server.client.unary(method, request)
    return message['settings'] as Record<string, unknown>
  }

  it('tells those of the log without changing any', async () => {
    const { log_info, log_verbose_level, log_format } = await settings('LogSettings', {})
    assert.deepEqual(
      [log_info, log_verbose_level, log_format],
      [{ bool_param: true }, { uint32_param: 0 }, { string_param: 'default' }],
    )
  })

  it('changes those of traces, and takes them back', async () => {
    const changed = await settings('TraceSetting', {
      settings: { trace_rate: { value: ['5'] }, trace_level: { value: ['TIMESTAMPS'] } },
    })
    assert.deepEqual(
      [changed['trace_rate'], changed['trace_level']],
      [{ value: ['5'] }, { value: ['TIMESTAMPS'] }],
    )
    const back = await settings('TraceSetting', { settings: { trace_rate: {} } })
    assert.deepEqual(
      [back['trace_rate'], back['trace_level']],
      [{ value: ['1000'] }, { value: ['TIMESTAMPS'] }],
    )
  })

  const REFUSED = [
    { method: 'LogSettings', settings: { log_file: { string_param: '/x' } }, code: 'PERMISSION_DENIED' },
    {
      method: 'LogSettings',
      settings: { log_verbose_level: { bool_param: true } },
      code: 'INVALID_ARGUMENT',
    },
    { method: 'LogSettings', settings: { log_loud: { bool_param: true } }, code: 'INVALID_ARGUMENT' },
    { method: 'TraceSetting', settings: { trace_file: { value: ['/x'] } }, code: 'PERMISSION_DENIED' },
    { method: 'TraceSetting', settings: { trace_rate: { value: ['1', '2'] } }, code: 'INVALID_ARGUMENT' },
  ] as const
  for (const { method, settings: given, code } of REFUSED) {
    it(`refuses ${JSON.stringify(given)}`, async () => {
      const failure = await server.client.failure(method, { settings: given })
      assert.equal(status[failure.code], code)
    })
  }

  it('knows no settings of an unknown model', async () => {
    const { code } = await server.client.failure('TraceSetting', { model_name: 'nope' })
    assert.equal(code, status.NOT_FOUND)
  })
})
