import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { OipGrpcFixture } from '../../../support/oip-grpc-fixture.ts'

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

  it('tells the configuration of a model', async () => {
    const { currentMetadata } = server.dataPlane
    assert.ok(!(currentMetadata instanceof Error))
    server.dataPlane.currentMetadata = {
      ...currentMetadata,
      inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }],
      tritonConfig: {
        name: 'digits',
        input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [4] }],
        parameters: { threads: { string_value: '2' } },
        dynamic_batching: {
          preferred_batch_size: [2],
          max_queue_delay_microseconds: 7,
          priority_queue_policy: { 1: { timeout_action: 'DELAY', max_queue_size: 3 } },
        },
      },
    }
    const { config } = (await server.client.unary('ModelConfig', { name: 'digits' })).message
    const { name, input, parameters, dynamic_batching: batching } = config as ModelConfig
    const [{ data_type: type, dims } = {}] = input
    const [policy] = Object.values(batching.priority_queue_policy)
    assert.deepEqual(
      [name, type, dims, parameters],
      ['digits', 'TYPE_FP32', [4], { threads: { string_value: '2' } }],
    )
    assert.deepEqual(
      [batching.preferred_batch_size, policy?.timeout_action, policy?.max_queue_size],
      [[2], 'DELAY', 3],
    )
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

  it('asks for a token for management where models and settings are managed', async () => {
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
        await asked('RepositoryIndex'),
        await asked('RepositoryModelLoad'),
        await asked('RepositoryModelUnload'),
        await asked('LogSettings'),
        await asked('TraceSetting'),
      ],
      new Array<string>(5).fill('needs management'),
    )
    assert.equal(await asked('ModelInfer'), 'needs what the listener needs')
    await guarded.client.unary('ServerLive', {})
    await guarded.close()
  })
})

type ModelConfig = {
  readonly name: string
  readonly input: readonly { readonly data_type: string; readonly dims: readonly number[] }[]
  readonly parameters: object
  readonly dynamic_batching: {
    readonly preferred_batch_size: readonly number[]
    readonly priority_queue_policy: Readonly<
      Record<string, { readonly timeout_action: string; readonly max_queue_size: number }>
    >
  }
}
