import { status } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import {
  alreadyRegistered,
  defaultVersionInUse,
  modelNotFound,
  workersDidNotStart,
} from '../../../../frontend/core/errors.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { DIGITS } from '../../../support/fake-planes.ts'
import type { GrpcClient } from '../../../support/grpc-client.ts'
import { GrpcFixture } from '../../../support/grpc-fixture.ts'

describe('gRPC management', () => {
  let server: GrpcFixture
  let client: GrpcClient
  beforeEach(async () => {
    server = await GrpcFixture.open()
    client = server.management
  })
  afterEach(() => server.close())

  async function textOf(method: string, request: object): Promise<string> {
    return String((await client.unary(method, request)).message['msg'])
  }

  const REGISTER = { url: 'digits.mar' }
  const REGISTRATIONS = [
    { it: 'does not wait unless it is told to', request: REGISTER, asked: { synchronous: false } },
    {
      it: 'waits when it is told to',
      request: { ...REGISTER, synchronous: true },
      asked: { synchronous: true },
    },
    { it: 'takes a name', request: { ...REGISTER, model_name: 'd' }, asked: { name: 'd' } },
    {
      it: 'takes a number of workers',
      request: { ...REGISTER, initial_workers: 3 },
      asked: { initialWorkers: 3 },
    },
  ]
  for (const c of REGISTRATIONS) {
    it(`RegisterModel ${c.it}`, async () => {
      await textOf('RegisterModel', c.request)
      const [, asked] = server.controlPlane.calls[0] as [string, Record<string, unknown>] // as the fake records it
      assert.deepEqual({ ...asked, ...c.asked, archive: 'digits.mar' }, asked)
    })
  }

  it('RegisterModel takes batching and time-outs', async () => {
    const times = { response_timeout: 2, startup_timeout: 3 }
    await textOf('RegisterModel', { ...REGISTER, batch_size: 8, max_batch_delay: 5, ...times })
    const [, asked] = server.controlPlane.calls[0] as [string, { settings: object }] // as the fake records it
    assert.deepEqual(asked.settings, {
      maxBatchRows: 8,
      maxBatchDelayMs: 5,
      inferenceTimeoutMs: 2000,
      startupTimeoutMs: 3000,
    })
  })

  const SCALED = [
    { request: {}, minWorkers: 1, maxWorkers: 1, synchronous: false },
    { request: { min_worker: 2 }, minWorkers: 2, maxWorkers: 2, synchronous: false },
    { request: { min_worker: 2, max_worker: 4 }, minWorkers: 2, maxWorkers: 4, synchronous: false },
    { request: { min_worker: 2, synchronous: true }, minWorkers: 2, maxWorkers: 2, synchronous: true },
  ]
  for (const { request, ...asked } of SCALED) {
    it(`ScaleWorker of ${JSON.stringify(request)} asks for ${JSON.stringify(asked)}`, async () => {
      await textOf('ScaleWorker', { model_name: 'digits', ...request })
      assert.deepEqual(server.controlPlane.calls, [['scale', { model: { name: 'digits' }, ...asked }]])
    })
  }

  const TEXTS = [
    {
      method: 'RegisterModel',
      request: { url: 'd.mar' },
      text: /Model "digits" version 1\.0 registered with 2 initial workers/,
    },
    {
      method: 'ScaleWorker',
      request: { model_name: 'digits', synchronous: true },
      text: /Workers scaled to 2 for model: digits/,
    },
    {
      method: 'SetDefault',
      request: { model_name: 'digits', model_version: '2.0' },
      text: /"digits".*"2\.0"/,
    },
    { method: 'UnregisterModel', request: { model_name: 'digits' }, text: /Model "digits" unregistered/ },
  ]
  for (const { method, request, text } of TEXTS) {
    it(`${method} answers a text, as the status of REST`, async () => {
      assert.match(await textOf(method, request), text)
    })
  }

  it('ListModels answers the JSON of REST, a page at a time', async () => {
    server.controlPlane.models = ['a', 'b', 'c'].map((name) => ({ name, archive: `${name}.mar` }))
    assert.deepEqual(JSON.parse(await textOf('ListModels', { limit: 2 })), {
      nextPageToken: '2',
      models: [
        { modelName: 'a', modelUrl: 'a.mar' },
        { modelName: 'b', modelUrl: 'b.mar' },
      ],
    })
    assert.deepEqual(JSON.parse(await textOf('ListModels', { next_page_token: 2 })), {
      models: [{ modelName: 'c', modelUrl: 'c.mar' }],
    })
  })

  it('DescribeModel answers the JSON of REST', async () => {
    const [version] = JSON.parse(await textOf('DescribeModel', { model_name: 'digits' })) as {
      modelName: string
    }[]
    assert.equal(version?.modelName, 'digits')
    assert.deepEqual(server.controlPlane.calls, [['describe', { name: 'digits' }]])
  })

  it('DescribeModel asks the handler when it is told to', async () => {
    await textOf('DescribeModel', { model_name: 'digits', customized: true })
    assert.deepEqual(
      server.dataPlane.heads.map(({ operation }) => operation),
      ['describe'],
    )
  })

  it('DescribeModel knows one version, and all', async () => {
    for (const version of ['1.0', 'all']) {
      await textOf('DescribeModel', { model_name: 'digits', model_version: version })
    }
    assert.deepEqual(server.controlPlane.calls, [
      ['describe', { name: 'digits', version: '1.0' }],
      ['describe', { name: 'digits', version: 'all' }],
    ])
  })

  const ERRORS = [
    { error: modelNotFound('digits', []), code: 'NOT_FOUND' },
    { error: alreadyRegistered(DIGITS), code: 'ALREADY_EXISTS' },
    { error: defaultVersionInUse(DIGITS), code: 'FAILED_PRECONDITION' },
    { error: workersDidNotStart(DIGITS, 'no memory'), code: 'INTERNAL' },
    {
      error: new ServingError('permission_denied', 'off', { reason: 'model_api' }),
      code: 'PERMISSION_DENIED',
    },
  ] as const
  for (const { error, code } of ERRORS) {
    it(`ends with ${code} on ${error.code} (${error.reason})`, async () => {
      server.controlPlane.failure = error
      const failure = await client.failure('UnregisterModel', { model_name: 'digits' })
      assert.deepEqual([failure.code, failure.details], [status[code], error.message])
    })
  }

  const REFUSED = [
    { method: 'RegisterModel', request: {}, message: /'url' is required/ },
    { method: 'RegisterModel', request: { ...REGISTER, batch_size: -1 }, message: /'batch_size' is '-1'/ },
    { method: 'RegisterModel', request: { ...REGISTER, runtime: 'lua' }, message: /'runtime' is 'lua'/ },
    { method: 'ScaleWorker', request: {}, message: /'model_name' is required/ },
    {
      method: 'ScaleWorker',
      request: { model_name: 'd', min_worker: 2, max_worker: 1 },
      message: /'max_worker' is '1'/,
    },
    { method: 'SetDefault', request: { model_name: 'digits' }, message: /'model_version' is required/ },
    { method: 'ListModels', request: { limit: 101 }, message: /'limit' is '101'/ },
  ]
  for (const { method, request, message } of REFUSED) {
    it(`refuses ${method} with ${JSON.stringify(request)}`, async () => {
      const { code, details } = await client.failure(method, request)
      assert.equal(code, status.INVALID_ARGUMENT)
      assert.match(details, message)
      assert.deepEqual(server.controlPlane.calls, [])
    })
  }
})
