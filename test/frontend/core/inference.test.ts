import assert from 'node:assert/strict'
import type { RequestPayload } from '../../../worker/contract/messages.ts'
import { CoreHome, type CoreInstance } from '../../support/core-fixture.ts'
import { settlePromises, until } from '../../support/fake-clock.ts'
import { failure } from '../../support/fake-worker-process.ts'
import { storeArchive } from '../../support/store-archives.ts'

const parts = (bytes: number): RequestPayload => ({
  kind: 'parts',
  parts: [{ name: 'body', bytes: new Uint8Array(bytes) }],
})

const tensors = (name: string, rows: number, columns = 4): RequestPayload => ({
  kind: 'tensors',
  tensors: [{ name, dtype: 'FP32', shape: [rows, columns], data: new Float32Array(rows * columns) }],
})

describe('InferenceService', () => {
  let home: CoreHome
  let core: CoreInstance
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm', { version: '1' })
    await storeArchive(home.modelStore, 'm2', { version: '2' })
    core = await home.started({ loads: true })
    await core.register('m')
  })
  afterEach(() => home.remove())

  /** Unloading waits for every handle, so it ends only when none was lost. */
  async function assertNothingHeld(): Promise<void> {
    await core.controlPlane.unregister({ name: 'm' })
    await core.clock.advance(0)
    assert.deepEqual(core.workers.alive, [])
  }

  describe('a request', () => {
    it('is answered with its model, its bytes and where its time went', async () => {
      const request = core.admit('m')
      await core.clock.advance(5)
      const running = request.run(parts(1))
      await core.clock.advance(7)
      core.workers.batches[0]?.answer()
      assert.deepEqual(await running, {
        model: { name: 'm', version: '1' },
        payload: { kind: 'bytes', bytes: new TextEncoder().encode('r') },
        streamed: false,
        timing: {
          queueMs: 5,
          workerMs: 7,
          batch: { preprocessMs: 0, inferenceMs: 0, postprocessMs: 0, rows: 1, runs: 1 },
          batchRequests: 1,
          closedBy: 'idle_worker',
          predictedMs: 0,
        },
      })
    })

    it('gives the pieces of a streamed answer on, and says so', async () => {
      const pieces: string[] = []
      const running = core
        .admit('m')
        .run(parts(1), { onPiece: ({ bytes }) => pieces.push(Buffer.from(bytes).toString()) })
      core.workers.batches[0]?.piece(0, { bytes: Buffer.from('1') })
      core.workers.batches[0]?.answer()
      assert.equal((await running).streamed, true)
      assert.deepEqual(pieces, ['1'])
    })

    it('tells who asks where its time went', async () => {
      const told: string[] = []
      const running = core
        .admit('m', { onTiming: ({ closedBy, batchRequests }) => told.push(`${closedBy} ${batchRequests}`) })
        .run(parts(1))
      core.workers.batches[0]?.answer()
      await running
      assert.deepEqual(told, ['idle_worker 1'])
    })

    it('never shares a batch with a request of another operation', async () => {
      const operations = ['predict', 'explain', undefined, 'explain', 'describe'] as const
      const blocker = core.admit('m').run(parts(1))
      const answers = operations.map((operation) =>
        core.admit('m', operation === undefined ? {} : { operation }).run(parts(1)),
      )
      const batches: unknown[] = []
      for (let round = 0; round < 4; round++) {
        batches.push(core.workers.batches[0]?.requests.map((request) => request.operation))
        core.workers.batches[0]?.answer()
        await settlePromises()
      }
      await Promise.all([blocker, ...answers])
      assert.deepEqual(batches, [[undefined], ['predict', undefined], ['explain', 'explain'], ['describe']])
    })

    it('hands on status and headers that the handler chose', async () => {
      const running = core.admit('m').run(parts(1))
      const payload = { kind: 'bytes', bytes: new Uint8Array(0) } as const
      core.workers.batches[0]?.answer(() => ({
        ok: true,
        value: { status: 201, headers: { a: 'b' }, payload },
      }))
      const { status, headers } = await running
      assert.deepEqual([status, headers], [201, { a: 'b' }])
    })

    it('knows what it may carry', () => {
      const request = core.admit('m')
      assert.equal(request.maxRequestBytes, 100)
      assert.deepEqual(request.inputs, [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }])
      assert.deepEqual(request.model, { name: 'm', version: '1' })
    })

    it('counts the rows of tensors, and keeps batches within the limit', async () => {
      const answers = [1, 3, 2].map((rows) => core.admit('m').run(tensors('x', rows)))
      core.workers.batches[0]?.answer()
      await settlePromises()
      assert.equal(core.workers.batches[0]?.requests.length, 1)
      core.workers.batches[0].answer()
      await settlePromises()
      core.workers.batches[0]?.answer()
      await Promise.all(answers)
    })

    it('ends by the timeout of its head when that is tighter', async () => {
      const running = assert.rejects(core.admit('m', { timeoutMs: 30 }).run(parts(1)), {
        code: 'deadline_exceeded',
        message: 'm/1 did not answer within 30 ms; the request was running',
      })
      await core.clock.advance(40)
      await running
    })

    it('counts its time from its head: a slow body uses it up', async () => {
      const request = core.admit('m', { timeoutMs: 30 })
      await core.clock.advance(29)
      const running = assert.rejects(request.run(parts(1)), { code: 'deadline_exceeded' })
      await core.clock.advance(20)
      await running
    })
  })

  describe('its handle is released', () => {
    const ENDINGS: readonly {
      readonly it: string
      readonly end: () => Promise<unknown>
      readonly heard: string | undefined
    }[] = [
      {
        it: 'by an answer',
        end: async () => {
          const running = core.admit('m').run(parts(1))
          core.workers.batches[0]?.answer()
          await running
        },
        heard: 'r: ok',
      },
      {
        it: 'by an error of the handler',
        end: async () => {
          const running = core.admit('m').run(parts(1))
          core.workers.batches[0]?.answer(() => failure('invalid_argument', 'bad'))
          await assert.rejects(running, { code: 'invalid_argument' })
        },
        heard: 'r: invalid_argument',
      },
      {
        it: 'by a deadline',
        end: async () => {
          const running = assert.rejects(core.admit('m').run(parts(1)), { code: 'deadline_exceeded' })
          await core.clock.advance(1020)
          await running
          core.workers.batches[0]?.answer()
        },
        heard: 'r: deadline_exceeded',
      },
      {
        it: 'by a client that went away',
        end: async () => {
          const client = new AbortController()
          const request = core.admit('m', { signal: client.signal })
          const running = assert.rejects(request.run(parts(1)), { code: 'cancelled' })
          client.abort()
          await core.clock.advance(20)
          await running
          core.workers.batches[0]?.answer()
        },
        heard: 'r: cancelled',
      },
      {
        it: 'by a body that is too large',
        end: () => assert.rejects(core.admit('m').run(parts(101)), { reason: 'body_too_large' }),
        heard: 'r: resource_exhausted',
      },
      {
        it: 'by a tensor that the model does not know',
        end: () => assert.rejects(core.admit('m').run(tensors('wrong', 1)), { code: 'invalid_argument' }),
        heard: 'r: invalid_argument',
      },
      {
        it: 'by a tensor of the wrong shape',
        end: () => assert.rejects(core.admit('m').run(tensors('x', 1, 5)), { code: 'invalid_argument' }),
        heard: 'r: invalid_argument',
      },
      {
        it: 'by cancelling, once, however often that is done',
        end: async () => {
          const request = core.admit('m')
          request.cancel()
          request.cancel()
        },
        heard: undefined,
      },
    ]
    for (const { it: claim, end, heard } of ENDINGS) {
      it(`${claim}, which is announced once`, async () => {
        await end()
        assert.deepEqual(core.heard, heard === undefined ? [] : [heard])
        await assertNothingHeld()
      })
    }

    it('by cancelling after the run, which does nothing more', async () => {
      const request = core.admit('m')
      const other = core.admit('m')
      const running = request.run(parts(1))
      core.workers.batches[0]?.answer()
      await running
      request.cancel()
      const gone = core.controlPlane.unregister({ name: 'm' })
      await until(() => core.registry.resolve({ name: 'm' }).state === 'draining')
      await settlePromises()
      assert.equal(core.registry.resolve({ name: 'm' }).state, 'draining')
      other.cancel()
      await gone
    })
  })

  describe('admission', () => {
    it('refuses an unknown model or version', () => {
      assert.throws(() => core.admit('x'), { code: 'not_found', reason: 'model' })
      assert.throws(() => core.admit('m', { model: { name: 'm', version: '2' } }), { reason: 'version' })
      assert.deepEqual(core.heard, [])
    })

    it('refuses by the head alone what is announced too large, and announces that', async () => {
      assert.throws(() => core.admit('m', { announcedBytes: 101 }), { reason: 'body_too_large' })
      assert.deepEqual(core.heard, ['r rejected: body_too_large'])
      await assertNothingHeld()
    })

    it('refuses what would be answered too late', async () => {
      const first = core.admit('m').run(parts(1))
      await core.clock.advance(200)
      core.workers.batches[0]?.answer()
      await first
      const second = core.admit('m').run(parts(1))
      assert.throws(() => core.admit('m', { timeoutMs: 400 }), {
        code: 'resource_exhausted',
        reason: 'predicted_wait',
        retryAfterMs: 2 * 400,
      })
      core.workers.batches[0]?.answer()
      await second
      core.admit('m', { timeoutMs: 400 }).cancel()
    })
  })

  it('names the registered models', () => {
    assert.deepEqual(core.dataPlane.models(), [{ name: 'm', loadedAtStartup: false }])
  })

  describe('metadata', () => {
    it('says what the loaded session said', () => {
      assert.deepEqual(core.dataPlane.metadata({ name: 'm' }), {
        model: { name: 'm', version: '1' },
        handler: 'tensor',
        envelope: 'none',
        inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }],
        outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 3] }],
        handlesTensors: true,
        hasRows: true,
        versions: ['1'],
        maxBatchRows: 4,
        device: { provider: 'cpu', deviceId: 0 },
      })
    })

    it('refuses what no worker has loaded, and what is not there', async () => {
      await core.register('m2', 0)
      assert.throws(() => core.dataPlane.metadata({ name: 'm', version: '2' }), { code: 'unavailable' })
      assert.throws(() => core.dataPlane.metadata({ name: 'x' }), { code: 'not_found' })
    })
  })
})
