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
      says: /leave 'r' out/,
    },
    {
      method: 'RepositoryIndex',
      request: { repository_name: 'r' },
      code: 'UNIMPLEMENTED',
      says: /leave 'r' out/,
    },
    {
      method: 'RepositoryModelLoad',
      request: { model_name: 'm', parameters: { x: { bool_param: true } } },
      code: 'INVALID_ARGUMENT',
      says: /\/parameters\/x is not known/,
    },
    {
      method: 'RepositoryModelLoad',
      request: { model_name: 'm', parameters: { config: { string_param: '{' } } },
      code: 'INVALID_ARGUMENT',
      says: /config is not valid JSON/,
    },
    {
      method: 'RepositoryModelLoad',
      request: { model_name: 'm', parameters: { config: { string_param: '[]' } } },
      code: 'INVALID_ARGUMENT',
      says: /must be the text of a JSON object/,
    },
    {
      method: 'RepositoryModelLoad',
      request: { model_name: 'm', parameters: { 'file:1/a': { bool_param: true } } },
      code: 'INVALID_ARGUMENT',
      says: /file:1\/a must be the content/,
    },
    {
      method: 'RepositoryModelUnload',
      request: { model_name: 'm', parameters: { x: { bool_param: true } } },
      code: 'INVALID_ARGUMENT',
      says: /'unload_dependents' is/,
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

describe('what the server says of itself over gRPC', () => {
  let server: OipGrpcFixture
  beforeEach(async () => {
    server = await OipGrpcFixture.open()
  })
  afterEach(() => server.close())

  it('says that it lives, is ready, and has a model that is', async () => {
    const live = await server.client.unary('ServerLive', {})
    const ready = await server.client.unary('ServerReady', {})
    const model = await server.client.unary('ModelReady', { name: 'digits' })
    assert.deepEqual(
      [live.message, ready.message, model.message],
      [{ live: true }, { ready: true }, { ready: true }],
    )
  })

  it('says that a model is not ready which has a version that is not', async () => {
    server.dataPlane.currentHealth = {
      ...server.dataPlane.currentHealth,
      ready: false,
      versions: [{ model: { name: 'digits', version: '1.0' }, ready: false, reason: 'it is loading' }],
    }
    const ready = await server.client.unary('ServerReady', {})
    const model = await server.client.unary('ModelReady', { name: 'digits', version: '1.0' })
    assert.deepEqual([ready.message, model.message], [{ ready: false }, { ready: false }])
  })

  it('knows nothing of an unknown model', async () => {
    const { code } = await server.client.failure('ModelReady', { name: 'nope' })
    assert.equal(code, status.NOT_FOUND)
  })

  it('names itself, its version and its extensions', async () => {
    const { name, version, extensions } = (await server.client.unary('ServerMetadata', {})).message
    assert.deepEqual([name, version], ['onnxserve', '1.2.3'])
    assert.ok((extensions as string[]).includes('classification'))
  })

  it('names the tensors of a model, with -1 for sizes that may be any', async () => {
    const tensor = { dtype: 'FP32', shape: ['batch', 4] } as const
    const { currentMetadata } = server.dataPlane
    assert.ok(!(currentMetadata instanceof Error))
    server.dataPlane.currentMetadata = {
      ...currentMetadata,
      inputs: [{ name: 'x', ...tensor }],
      outputs: [{ name: 'y', ...tensor }],
    }
    const { message } = await server.client.unary('ModelMetadata', { name: 'digits' })
    assert.deepEqual(message, {
      name: 'digits',
      versions: ['1.0'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 4] }],
      properties: {},
    })
  })

  for (const method of [
    'SystemSharedMemoryRegister',
    'CudaSharedMemoryRegister',
    'SystemSharedMemoryUnregister',
    'CudaSharedMemoryUnregister',
  ]) {
    it(`says why ${method} is not served`, async () => {
      const { code, details } = await server.client.failure(method, { name: 'region' })
      assert.equal(code, status.UNIMPLEMENTED)
      assert.match(details, /cannot map the memory of another process/)
    })
  }

  for (const method of ['SystemSharedMemoryStatus', 'CudaSharedMemoryStatus']) {
    it(`${method} knows no region`, async () => {
      assert.deepEqual((await server.client.unary(method, {})).message, { regions: {} })
    })
  }

  it('asks for a token for management where models and settings change', async () => {
    const guarded = await OipGrpcFixture.open({
      options: {
        authorize: (_caller, { scope }) => {
          throw new ServingError('permission_denied', `needs ${scope ?? 'what the listener needs'}`)
        },
      },
    })
    const asked = async (method: string) => (await guarded.client.failure(method, {})).details
    assert.deepEqual(
      [
        await asked('RepositoryModelLoad'),
        await asked('RepositoryModelUnload'),
        await asked('LogSettings'),
        await asked('TraceSetting'),
      ],
      new Array<string>(4).fill('needs management'),
    )
    assert.equal(await asked('ModelInfer'), 'needs what the listener needs')
    await guarded.client.unary('ServerLive', {})
    await guarded.close()
  })
})
