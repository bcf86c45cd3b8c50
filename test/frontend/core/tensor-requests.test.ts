import assert from 'node:assert/strict'
import { checkTensorRequest } from '../../../frontend/core/tensor-request.ts'
import type { InstanceReport, TensorsPayload } from '../../../worker/contract/messages.ts'
import { settings } from '../../support/artefacts.ts'
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

  const ROWS = [
    {
      it: 'that are more than one may bring',
      tensors: [{ ...X, shape: [9, 4], data: new Float32Array(36) }],
      message:
        'the request has 9 rows, the model takes at most 8 in one (its maxRequestRows); send them in several requests',
    },
    {
      it: 'that differ between inputs',
      tensors: [
        { ...X, shape: [2, 4], data: new Float32Array(8) },
        { ...X, name: 'z' },
      ],
      message: "the inputs must have the same number of rows, their first dimension: 'x' has 2, 'z' has 1",
    },
    {
      it: 'that it does not know as such: the dimension is missing',
      tensors: [{ ...X, shape: [4] }],
      message:
        "input 'x' has shape [4], model expects [-1,4]; its first dimension is the rows: send [1,4] for one",
    },
  ]
  for (const { it: name, tensors, message } of ROWS) {
    it(`are refused with rows ${name}`, async () => {
      await storeArchive(home.modelStore, 'm', { version: '1', config: 'maxRequestRows: 8' })
      const x = { name: 'x', dtype: 'FP32', shape: ['batch', 4] } as const
      await serve({ inputs: tensors.map(({ name }) => ({ ...x, name, shape: [-1, 4] })) })
      const running = core.admit('m').run({ kind: 'tensors', tensors })
      await assert.rejects(running, { code: 'invalid_argument', reason: 'input', message })
    })
  }

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

  describe('of a version with priorities', () => {
    const SCHEDULING = `scheduling:
  priorityLevels: 2
  queuePolicy: { timeoutMs: 100, allowTimeoutOverride: true }`

    beforeEach(async () => {
      await storeArchive(home.modelStore, 'm', { version: '1', config: `maxBatchRows: 1\n${SCHEDULING}` })
      await serve()
    })
    const answer = async () => {
      core.workers.batches[0]?.answer()
      await settlePromises()
    }

    it('are served by what they ask for', async () => {
      const ask = (requestId: string, priority: number) =>
        core.admit('m', { requestId }).run(REQUEST, { priority })
      const running = [ask('running', 0), ask('low', 2), ask('high', 1)]
      await answer()
      assert.equal(core.workers.batches[0]?.ids, 'high')
      await answer()
      await answer()
      await Promise.all(running)
    })

    it('may shorten their time in the queue, which is not the time of their run', async () => {
      const running = core.admit('m').run(REQUEST, { timeoutMs: 20 })
      const waiting = assert.rejects(core.admit('m').run(REQUEST, { timeoutMs: 20 }), {
        code: 'deadline_exceeded',
        message: /^no worker of m\/1 took the request within 20 ms/,
      })
      await core.clock.advance(40)
      await waiting
      await answer()
      await running
    })
  })

  it('are unavailable when the workers were taken away meanwhile', () => {
    const version = { model: { name: 'm', version: '1' }, workers: undefined, settings: settings() }
    assert.throws(() => checkTensorRequest(version, REQUEST), { code: 'unavailable', reason: 'no_worker' })
  })
})
