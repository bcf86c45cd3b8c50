import assert from 'node:assert/strict'
import { CoreHome, type CoreInstance } from '../../support/core-fixture.ts'
import { until } from '../../support/fake-clock.ts'
import { FakeSource, fromStore } from '../../support/offers.ts'
import { storeArchive } from '../../support/store-archives.ts'

const ANSWERING = { loads: true, answers: true }
const POLL_MS = 1000
const CONFIG = 'versionTransition: resources\ninferenceTimeoutMs: 60000'

describe('a model of which memory holds one version', () => {
  let home: CoreHome
  let source: FakeSource
  let core: CoreInstance
  beforeEach(async () => {
    home = await CoreHome.create()
    for (const version of ['1', '2']) {
      await storeArchive(home.modelStore, `m${version}`, { version, config: CONFIG })
    }
    source = new FakeSource(fromStore(() => core.store))
    source.offers = { m: ['1'] }
  })
  afterEach(async () => {
    await core.controlPlane.close(0)
    await home.remove()
  })

  async function follow(workers: Parameters<CoreHome['core']>[0]): Promise<void> {
    core = home.core(workers, { repository: { mode: 'poll', source, pollMs: POLL_MS } })
    await core.load()
  }

  /** The source offers version 2 only, and is looked at as often as it takes to count. */
  async function offerNext(): Promise<void> {
    source.offers = { m: ['2'] }
    for (let i = 0; i < 2; i++) {
      const before = source.looks
      await core.clock.advance(POLL_MS)
      await until(() => source.looks > before)
    }
  }

  const becomes = (version: string) => until(() => core.versions().join(', ') === version)

  it('unloads the old version before it loads the new one', async () => {
    await follow(ANSWERING)
    const [first] = core.workers.processes
    core.workers.options = { answers: true }
    await offerNext()
    await until(() => core.workers.processes.length === 2)
    assert.equal(first?.isGone, true)
    assert.deepEqual(core.versions(), ['m/2* loading 0'])
    core.workers.latest().ready()
    await becomes('m/2* ready 1')
  })

  it('waits until the old version has ended what it had accepted', async () => {
    await follow({ loads: true })
    const answer = core.ask('m')
    await offerNext()
    await becomes('m/1* draining 1')
    assert.equal(core.workers.processes.length, 1)
    core.workers.options = ANSWERING
    core.workers.batches[0]?.answer()
    assert.equal(await answer, 'm/1: r')
    await becomes('m/2* ready 1')
  })

  it('shows its operators that it changes so', async () => {
    await follow(ANSWERING)
    const [described] = core.controlPlane.describe({ name: 'm' })
    assert.deepEqual(described?.settings.versionTransition, { value: 'resources', source: 'archive' })
  })
})
