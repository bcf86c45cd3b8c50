import assert from 'node:assert/strict'
import { ServingError, type ErrorCode } from '../../../../worker/contract/errors.ts'
import { describeSettings } from '../../../../frontend/core/settings.ts'
import { settings } from '../../../support/artefacts.ts'
import { bytesResponse, DESCRIPTION } from '../../../support/fake-planes.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

describe('management', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  const FAILURES: readonly (readonly [ErrorCode, string, number])[] = [
    ['not_found', 'model', 404],
    ['already_exists', 'version', 409],
    ['failed_precondition', 'default_version', 403],
    ['invalid_argument', 'archive', 400],
    ['internal', 'startup', 500],
  ]
  for (const [code, reason, status] of FAILURES) {
    it(`answers ${status} when the control plane fails with ${code} (${reason})`, async () => {
      server.controlPlane.failure = new ServingError(code, 'why', { reason })
      for (const method of ['PUT', 'GET', 'DELETE']) {
        const reply = await server.manage(method, '/models/digits')
        assert.equal(reply.status, status)
        assert.match(reply.text, /"message": "why"/)
      }
    })
  }

  it('lists models page by page, without a token on the last', async () => {
    server.controlPlane.models = ['a', 'b', 'c', 'd'].map((name) => ({ name, archive: `${name}.mar` }))
    const page = async (query: string) =>
      JSON.parse((await server.manage('GET', `/models${query}`)).text) as unknown
    const shown = (...names: string[]) => names.map((name) => ({ modelName: name, modelUrl: `${name}.mar` }))
    assert.deepEqual(await page(''), { models: shown('a', 'b', 'c', 'd') })
    assert.deepEqual(await page('?limit=2'), { nextPageToken: '2', models: shown('a', 'b') })
    assert.deepEqual(await page('?limit=2&next_page_token=2'), { models: shown('c', 'd') })
    assert.deepEqual(await page('?next_page_token=9'), { models: [] })
  })

  it("describes a version in TorchServe's words and its own", async () => {
    const { text } = await server.manage('GET', '/models/digits')
    assert.deepEqual(JSON.parse(text), [
      {
        modelName: 'digits',
        modelVersion: '1.0',
        modelUrl: 'digits.mar',
        runtime: 'node',
        minWorkers: 1,
        maxWorkers: 2,
        batchSize: 32,
        maxBatchDelay: 5,
        responseTimeout: 1.5,
        startupTimeout: 120,
        deviceType: 'cpu',
        parallelType: '',
        parallelLevel: 1,
        maxRetryTimeoutInSec: 300,
        clientTimeoutInMills: 0,
        continuousBatching: false,
        useJobTicket: false,
        useVenv: false,
        stateful: false,
        sequenceMaxIdleMSec: 0,
        sequenceTimeoutMSec: 0,
        maxNumSequence: 1,
        maxSequenceJobQueueSize: 1,
        loadedAtStartup: true,
        workers: [
          {
            id: 'digits-1.0-1',
            startTime: '1970-01-01T00:00:00.000Z',
            status: 'LOADING',
            memoryUsage: 1024,
            pid: 42,
            gpu: false,
            gpuUsage: 'N/A',
          },
        ],
        jobQueueStatus: { remainingCapacity: 97, pendingRequests: 3 },
        isDefault: true,
        labels: [],
        state: 'ready',
        handler: 'image_classifier',
        digest: `sha256:${'ab'.repeat(32)}`,
        executionProvider: { name: 'cpu', deviceId: 0, reason: 'no GPU answers' },
        workerProcesses: 1,
        intraOpThreads: 2,
        layoutReason: '2 CPUs ÷ 1 worker',
        batchesInFlight: { perWorker: 1, reason: 'a worker on the CPU takes one' },
        maxQueuedRequests: 100,
        maxRequestBytes: 1000,
        serviceTime: { fixedMs: 4, perRowMs: 0.5 },
        restarts: 1,
        retry: { windowMs: 300_000 },
        settings: JSON.parse(JSON.stringify(DESCRIPTION.settings)) as unknown,
        inputs: DESCRIPTION.inputs,
        outputs: DESCRIPTION.outputs,
      },
    ])
  })

  it("describes TorchServe's settings under its names, and who said each", async () => {
    const changed = settings({
      maxRetryTimeoutMs: 5000,
      clientTimeoutMs: 7,
      sequenceBatching: { maxSequences: 2, maxIdleMs: 3, timeoutMs: 4, maxQueuedRequests: 5 },
      continuousBatching: true,
      useJobTicket: true,
      deviceIds: [1, 0],
      sources: { continuousBatching: 'archive', minWorkers: 'api', deviceIds: 'models property' },
    })
    server.controlPlane.descriptions = [{ ...DESCRIPTION, settings: describeSettings(changed) }]
    const [version] = JSON.parse((await server.manage('GET', '/models/digits')).text) as [
      Record<string, unknown> & { settings: Record<string, { value: unknown; source: string }> },
    ]
    const TORCHSERVE = {
      maxRetryTimeoutInSec: 5,
      clientTimeoutInMills: 7,
      stateful: true,
      maxNumSequence: 2,
      sequenceMaxIdleMSec: 3,
      sequenceTimeoutMSec: 4,
      maxSequenceJobQueueSize: 5,
      continuousBatching: true,
      useJobTicket: true,
      deviceIds: [1, 0],
    }
    for (const [key, value] of Object.entries(TORCHSERVE)) assert.deepEqual(version[key], value, key)
    assert.deepEqual(version.settings['continuousBatching'], { value: true, source: 'archive' })
    assert.deepEqual(version.settings['deviceIds'], { value: [1, 0], source: 'models property' })
    assert.deepEqual(version.settings['maxBatchRows'], { value: 4, source: 'server default' })
    assert.equal('handlerConfig' in version.settings, false)
  })

  const DESCRIBED = [
    { it: 'an object of the handler', answer: '{"labels":["a"]}', metadata: { labels: ['a'] } },
    { it: 'a list, as nothing', answer: '[1]', metadata: {} },
    { it: 'a text, as nothing', answer: 'hello', metadata: {} },
  ]
  for (const { it: claim, answer, metadata } of DESCRIBED) {
    it(`attaches what the handler says of itself: ${claim}`, async () => {
      server.dataPlane.outcome = bytesResponse(answer)
      const { text } = await server.manage('GET', '/models/digits/1.0?customized=true')
      const [version] = JSON.parse(text) as [{ customizedMetadata: unknown }]
      assert.deepEqual(version.customizedMetadata, metadata)
      const [head] = server.dataPlane.heads
      assert.deepEqual([head?.operation, head?.model], ['describe', { name: 'digits', version: '1.0' }])
    })
  }

  it('does not ask the handler for all versions, nor when it is not told to', async () => {
    await server.manage('GET', '/models/digits/all?customized=true')
    await server.manage('GET', '/models/digits?customized=false')
    assert.deepEqual(server.dataPlane.heads, [])
  })

  it('answers 503 when there is no worker to ask', async () => {
    server.dataPlane.admission = new ServingError('unavailable', 'no worker')
    assert.equal((await server.manage('GET', '/models/digits?customized=true')).status, 503)
  })

  it('describes a worker on a GPU', async () => {
    const device = { provider: 'cuda', deviceId: 3 } as const
    const workers = DESCRIPTION.workers.map((worker) => ({ ...worker, state: 'ready' as const, device }))
    server.controlPlane.descriptions = [
      { ...DESCRIPTION, workers, provider: { device, reason: 'it answers' } },
    ]
    const [version] = JSON.parse((await server.manage('GET', '/models/digits')).text) as [
      { deviceType: string; workers: object[] },
    ]
    assert.equal(version.deviceType, 'gpu')
    assert.deepEqual(version.workers, [
      {
        id: 'digits-1.0-1',
        startTime: '1970-01-01T00:00:00.000Z',
        status: 'READY',
        memoryUsage: 1024,
        pid: 42,
        gpu: true,
        gpuUsage: 'gpuId::3',
      },
    ])
  })

  const OTHERS = [
    { method: 'DELETE', path: '/models', status: 405, allow: 'POST, HEAD, GET' },
    { method: 'POST', path: '/models/digits', status: 405, allow: 'HEAD, GET, PUT, DELETE, OPTIONS' },
    { method: 'GET', path: '/models/digits/1.0/set-default', status: 405, allow: 'PUT' },
    { method: 'GET', path: '/models/a/b/c', status: 404, allow: null },
    { method: 'POST', path: '/predictions/digits', status: 404, allow: null },
  ]
  for (const { method, path, status, allow } of OTHERS) {
    it(`answers ${status} to ${method} ${path}`, async () => {
      const reply = await server.manage(method, path)
      assert.deepEqual([reply.status, reply.headers.get('allow')], [status, allow])
    })
  }
})
