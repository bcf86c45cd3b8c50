import assert from 'node:assert/strict'
import { checkTensorRequest } from '../../../frontend/core/tensor-request.ts'
import type { InstanceReport, TensorsPayload } from '../../../worker/contract/messages.ts'
import { CoreHome, type CoreInstance } from '../../support/core-fixture.ts'
import { settlePromises, until } from '../../support/fake-clock.ts'
import { storeArchive } from '../../support/store-archives.ts'

const X = { name: 'x', dtype: 'FP32', shape: [1, 4], data: new Float32Array(4) } as const
const REQUEST: TensorsPayload = { kind: 'tensors', tensors: [X] }

describe('requests of tensors', () => {
  let home: CoreHome
  let core: CoreInstance
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm', { version: '1' })
    core = await home.started({})
  })
  afterEach(() => home.remove())

  /** Registers the model, whose worker reports this. */
  async function serve(report: Partial<InstanceReport> = {}): Promise<void> {
    const registered = core.register('m')
    await until(() => core.workers.processes.length > 0)
    core.workers.latest().ready(1, report)
    await registered
  }
  const sent = () => core.workers.batches[0]?.requests[0]?.payload

  it('reach the worker with the outputs that are wanted and their parameters', async () => {
    await serve()
    const payload = { ...REQUEST, outputs: ['y'], parameters: { seed: 7 } }
    const running = core.admit('m').run(payload)
    assert.deepEqual(sent(), payload)
    core.workers.batches[0]?.answer()
    await running
  })

  const REFUSED = [
    {
      it: 'an output that the model does not answer',
      outputs: ['yy'],
      message: "unknown output 'yy', the model answers 'y'",
    },
    { it: 'an output twice', outputs: ['y', 'y'], message: "output 'y' is asked for twice" },
  ]
  for (const { it: name, outputs, message } of REFUSED) {
    it(`are refused before they wait when they want ${name}`, async () => {
      await serve()
      const running = core.admit('m').run({ ...REQUEST, outputs })
      await assert.rejects(running, { code: 'invalid_argument', reason: 'output', message })
      assert.deepEqual(core.workers.batches, [])
    })
  }

  it('are refused by a handler that takes none', async () => {
    await serve({ tensorSupport: 'none' })
    await assert.rejects(core.admit('m').run(REQUEST), {
      code: 'unimplemented',
      reason: 'no_tensors',
      message: /^the handler of m\/1 decodes requests in a form of its own.*'signature'/,
    })
  })

  it('are answered by the graph past a handler that decodes, and the metadata says so', async () => {
    await serve({ tensorSupport: 'graph' })
    assert.equal(core.dataPlane.metadata({ name: 'm' }).handlesTensors, false)
    const running = core.admit('m').run(REQUEST)
    core.workers.batches[0]?.answer()
    await running
  })

  describe('and requests of raw parts', () => {
    const PARTS = { kind: 'parts', parts: [{ name: 'body', bytes: Buffer.from('[1]') }] } as const

    /** The kinds of the requests in the batch that runs after a first one. */
    async function secondBatch(report: Partial<InstanceReport>): Promise<string[]> {
      await serve(report)
      const running = [PARTS, REQUEST, PARTS, REQUEST, PARTS].map((payload) => core.admit('m').run(payload))
      core.workers.batches[0]?.answer()
      await settlePromises()
      const kinds = core.workers.batches[0]?.requests.map(({ payload }) => payload.kind) ?? []
      for (let batch = core.workers.batches[0]; batch !== undefined; batch = core.workers.batches[0]) {
        batch.answer()
        await settlePromises()
      }
      await Promise.all(running)
      return kinds
    }

    const ROW = { name: 'x', dtype: 'FP32', shape: ['batch', 4] } as const
    const OTHER = { name: 'other', dtype: 'INT64', shape: [-1, 'length'], optional: true } as const
    const CASES: readonly { it: string; report: Partial<InstanceReport>; kinds: string }[] = [
      { it: 'share a batch', report: {}, kinds: 'tensors parts tensors parts' },
      {
        it: 'do not where a size behind the rows is variable',
        report: { inputs: [{ ...ROW, shape: ['batch', 'length'] }] },
        kinds: 'tensors tensors',
      },
      { it: 'do not where an input is optional', report: { inputs: [ROW, OTHER] }, kinds: 'tensors tensors' },
      {
        it: 'do not where no shape is declared',
        report: { inputs: [{ ...ROW, shape: [] }] },
        kinds: 'tensors tensors',
      },
      {
        it: 'do not where tensors go past the handler',
        report: { tensorSupport: 'graph' },
        kinds: 'tensors tensors',
      },
    ]
    for (const { it: claim, report, kinds } of CASES) {
      it(claim, async () => {
        assert.equal((await secondBatch(report)).join(' '), kinds)
      })
    }
  })

  it('end by the timeout of their body when that is tighter', async () => {
    await serve()
    const running = assert.rejects(core.admit('m', { timeoutMs: 80 }).run(REQUEST, { timeoutMs: 30 }), {
      code: 'deadline_exceeded',
      message: 'm/1 did not answer within 30 ms; the request was running',
    })
    await core.clock.advance(40)
    await running
  })

  it('are unavailable when the workers were taken away meanwhile', () => {
    const version = { model: { name: 'm', version: '1' }, workers: undefined }
    assert.throws(() => checkTensorRequest(version, REQUEST), { code: 'unavailable', reason: 'no_worker' })
  })
})
