import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { VersionStatistics } from '../../../frontend/core/data-plane.ts'
import { CoreHome, type CoreInstance } from '../../support/core-fixture.ts'
import { settlePromises } from '../../support/fake-clock.ts'
import { echo, failure } from '../../support/fake-worker-process.ts'
import { storeArchive } from '../../support/store-archives.ts'

const PARTS = { kind: 'parts', parts: [] } as const
const WRONG = { kind: 'tensors', tensors: [] } as const

describe('DataPlane.statistics', () => {
  let home: CoreHome
  let core: CoreInstance
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm1', { version: '1' })
    await storeArchive(home.modelStore, 'm2', { version: '2' })
    await storeArchive(home.modelStore, 'other', { modelName: 'other' })
    core = await home.started({ loads: true })
    for (const archive of ['m1', 'm2', 'other']) await core.register(archive)
  })
  afterEach(() => home.remove())

  const named = (list: readonly VersionStatistics[]) =>
    list.map(({ model }) => `${model.name}/${model.version}`)
  const of = (name: string) => core.dataPlane.statistics({ name })[0]

  it('are of one version, of all of a model, or of all', () => {
    const { dataPlane } = core
    assert.deepEqual(named(dataPlane.statistics({ name: 'm', version: '2' })), ['m/2'])
    assert.deepEqual(named(dataPlane.statistics({ name: 'm' })), ['m/1', 'm/2'])
    assert.deepEqual(named(dataPlane.statistics()), ['m/1', 'm/2', 'other/1'])
  })

  it('refuse what is not there', () => {
    assert.throws(() => core.dataPlane.statistics({ name: 'x' }), { code: 'not_found', reason: 'model' })
    assert.throws(() => core.dataPlane.statistics({ name: 'm', version: '9' }), { reason: 'version' })
  })

  it('count the rows that the worker found in a request, which the answer does not show', async () => {
    const running = core.admit('m').run(PARTS)
    const payload = { kind: 'bytes', bytes: new Uint8Array(0) } as const
    core.workers.batches[0]?.answer(() => ({ ok: true, value: { rows: 7, payload } }))
    assert.equal('rows' in (await running), false)
    assert.equal(of('m')?.inferenceCount, 7)
  })

  it('tell what waits', async () => {
    const running = [1, 2, 3].map(() => core.admit('m').run(PARTS))
    assert.equal(of('m')?.pendingRequests, 2)
    core.workers.batches[0]?.answer()
    await settlePromises()
    core.workers.batches[0]?.answer()
    await Promise.all(running)
  })

  it('begin anew when the version is loaded anew, and tell how long that took', async () => {
    const running = core.admit('other').run(PARTS)
    core.workers.batches[0]?.answer()
    await running
    assert.equal(of('other')?.success.count, 1)
    await core.controlPlane.scale({ model: { name: 'other' }, minWorkers: 2, synchronous: true })
    assert.equal(of('other')?.success.count, 1)
    await core.controlPlane.scale({ model: { name: 'other' }, minWorkers: 0, synchronous: true })
    await core.controlPlane.scale({ model: { name: 'other' }, minWorkers: 1, synchronous: true })
    assert.equal(of('other')?.success.count, 0)
  })

  /** Every request that is admitted and asked to run ends once, and is counted once. */
  it('count every request that ends as a success or a failure', async () => {
    const endings = fc.array(fc.constantFrom('answer', 'error', 'leave', 'wrong', 'late'), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(endings, async (ends) => {
        const before = of('other')
        const heardBefore = core.heard.length
        for (const end of ends) {
          const client = new AbortController()
          const admitted = core.admit('other', { signal: client.signal })
          const running = admitted.run(end === 'wrong' ? WRONG : PARTS).catch(() => undefined)
          const batch = core.workers.batches[0]
          const act: Record<typeof end, () => unknown> = {
            answer: () => batch?.answer(echo),
            error: () => batch?.answer(() => failure('internal', 'no')),
            leave: () => client.abort(),
            wrong: () => undefined,
            late: () => core.clock.advance(1010),
          }
          await act[end]()
          await core.clock.advance(30)
          batch?.answer(echo)
          await running
        }
        const after = of('other')
        const counted = (given: VersionStatistics | undefined) =>
          (given?.success.count ?? 0) + (given?.fail.count ?? 0)
        assert.equal(counted(after) - counted(before), ends.length)
        assert.equal(core.heard.length - heardBefore, ends.length)
      }),
      { numRuns: 30 },
    )
  })
})
