import assert from 'node:assert/strict'
import type { ControlPlane } from '../../../frontend/core/control-plane.ts'
import { CoreHome, type CoreInstance } from '../../support/core-fixture.ts'
import { until } from '../../support/fake-clock.ts'
import { FakeSource, fromStore } from '../../support/offers.ts'
import { storeArchive } from '../../support/store-archives.ts'

const ANSWERING = { loads: true, answers: true }
/** Several looks are over before a worker that never loads is given up. */
const POLL_MS = 1000

/** Follows a source that is not the store's directory, and looks at it only when its clock is moved. */
describe('following a source', () => {
  let home: CoreHome
  let source: FakeSource
  let core: CoreInstance | undefined
  beforeEach(async () => {
    home = await CoreHome.create()
    for (const version of ['1', '2', '3']) await storeArchive(home.modelStore, `m${version}`, { version })
    await storeArchive(home.modelStore, 'n1', { modelName: 'n', version: '1' })
    source = new FakeSource(fromStore(() => started().store))
  })
  afterEach(async () => {
    await core?.controlPlane.close(0)
    await home.remove()
  })

  function started(): CoreInstance {
    assert.ok(core)
    return core
  }

  async function follow(offers: FakeSource['offers'], workers: Parameters<CoreHome['core']>[0] = ANSWERING) {
    source.offers = offers
    core = home.core(workers, { repository: { mode: 'poll', source, pollMs: POLL_MS } })
    return { core, failures: await core.load() }
  }

  /** What the source offers from now on, seen as often as it takes to count. */
  async function offer(offers: FakeSource['offers'], looks = 2): Promise<void> {
    source.offers = offers
    for (let i = 0; i < looks; i++) await look()
  }

  async function look(): Promise<void> {
    const before = source.looks
    await started().clock.advance(POLL_MS)
    await until(() => source.looks > before)
  }

  const becomes = (...versions: readonly string[]) =>
    until(() => started().versions().join(', ') === versions.join(', '))

  it('loads what is there at the start, before that has ended', async () => {
    const { core, failures } = await follow({ m: ['1'], n: ['1'] })
    assert.deepEqual(failures, [])
    assert.deepEqual(core.versions(), ['m/1* ready 1', 'n/1* ready 1'])
  })

  it('loads what comes, and makes it the default', async () => {
    await follow({ m: ['1'] })
    await offer({ m: ['1', '2'] })
    await becomes('m/1 ready 1', 'm/2* ready 1')
  })

  it('waits until what comes stands still', async () => {
    await follow({ m: ['1'] })
    await offer({ m: ['1', '2@half'] }, 1)
    await offer({ m: ['1', '2@whole'] }, 1)
    assert.deepEqual(started().versions(), ['m/1* ready 1'])
    await look()
    await becomes('m/1 ready 1', 'm/2* ready 1')
  })

  it('unloads what leaves', async () => {
    await follow({ m: ['1', '2'], n: ['1'] })
    await offer({ m: ['1'] })
    await becomes('m/1* ready 1')
  })

  it('serves the old version until the new one is ready', async () => {
    const { core } = await follow({ m: ['1'] })
    core.workers.options = { answers: true }
    await offer({ m: ['2'] })
    await until(() => core.workers.processes.length === 2)
    assert.equal(await core.ask('m'), 'm/1: r')
    core.workers.latest().ready()
    await becomes('m/2* ready 1')
    assert.equal(await core.ask('m'), 'm/2: r')
  })

  it('keeps what it serves when the source is empty, or cannot be read', async () => {
    await follow({ m: ['1'] })
    await offer({})
    source.failure = new Error('the disk is gone')
    await look()
    assert.deepEqual(started().versions(), ['m/1* ready 1'])
    assert.deepEqual(started().notices, [
      'the model store is empty, and what is served stays',
      'the model store cannot be read, and what is served stays: the disk is gone',
    ])
  })

  it('keeps a model that cannot be read, and follows the others', async () => {
    await follow({ m: ['1'] })
    await offer({ m: new Error('torn'), n: ['1'] })
    await becomes('m/1* ready 1', 'n/1* ready 1')
    assert.deepEqual(started().notices, ["model 'm' stays as it is: torn"])
  })

  it('is not kept from one model by another that never loads', async () => {
    const { core } = await follow({ m: ['1'] })
    core.workers.options = { answers: true }
    await offer({ m: ['1', '2'] })
    await until(() => core.workers.processes.length === 2)
    core.workers.options = ANSWERING
    await offer({ m: ['1', '2'], n: ['1'] })
    await becomes('m/1* ready 1', 'm/2 loading 0', 'n/1* ready 1')
  })

  it('tells what fails at the start, and tries it again, later and later', async () => {
    const { core, failures } = await follow({ m: ['1', '9'] })
    assert.match(failures[0] ?? '', /^model 'm' version '9': archive 'm9' is not in the model store/)
    assert.deepEqual(core.versions(), ['m/1* ready 1'])
    await storeArchive(home.modelStore, 'm9', { version: '9' })
    await look()
    await becomes('m/1 ready 1', 'm/9* ready 1')
  })

  it('finds after a restart what it served before, and loads nothing twice', async () => {
    await follow({ m: ['1'] })
    await started().controlPlane.close(0)
    const { core } = await follow({ m: ['1'] })
    assert.deepEqual(core.versions(), ['m/1* ready 1'])
    assert.equal(core.workers.processes.length, 1)
  })

  it('leaves alone what came in another way', async () => {
    await follow({ m: ['1'] })
    await started().register('n1')
    await offer({ m: ['1'] })
    assert.deepEqual(started().versions(), ['m/1* ready 1', 'n/1* ready 1'])
  })

  it('leaves the number of workers to who scales them', async () => {
    await follow({ m: ['1'] })
    await started().controlPlane.scale({ model: { name: 'm' }, minWorkers: 2, synchronous: true })
    await offer({ m: ['1'] })
    assert.deepEqual(started().versions(), ['m/1* ready 2'])
    await started().controlPlane.scale({ model: { name: 'm' }, minWorkers: 0, synchronous: true })
    await offer({ m: ['1'] })
    assert.deepEqual(started().versions(), ['m/1* new 0'])
  })

  describe('as a list of models says', () => {
    const served = (name: string, extra: object = {}) => ({
      name,
      basePath: `/models/${name}`,
      choice: { kind: 'all' } as const,
      ...extra,
    })

    async function listed(): Promise<ControlPlane> {
      core = home.core(ANSWERING, {
        repository: { pollMs: POLL_MS, offeredAt: async (name) => source.model(name) },
      })
      await core.load()
      return core.controlPlane
    }

    it('serves the models of the list, and no longer those of the one before', async () => {
      source.offers = { m: ['1', '2'], n: ['1'] }
      const plane = await listed()
      assert.deepEqual(await plane.applyModelConfig([served('m'), served('n')]), [
        { name: 'm' },
        { name: 'n' },
      ])
      assert.deepEqual(started().versions(), ['m/1 ready 1', 'm/2* ready 1', 'n/1* ready 1'])
      assert.deepEqual(await plane.applyModelConfig([served('n')]), [{ name: 'n' }])
      await becomes('n/1* ready 1')
    })

    it('tells what became of each model', async () => {
      source.offers = { m: ['9'], n: ['1'] }
      const outcomes = await (await listed()).applyModelConfig([served('m'), served('n'), served('x')])
      assert.deepEqual(
        outcomes.map(({ name, error }) => `${name}: ${error?.message ?? 'ok'}`.slice(0, 48)),
        [
          "m: archive 'm9' is not in the model store; it ho",
          'n: ok',
          "x: model 'x' has no version at /models/x; expect",
        ],
      )
    })

    it('serves the versions that are chosen', async () => {
      source.offers = { m: ['1', '2', '3'] }
      const plane = await listed()
      await plane.applyModelConfig([served('m', { choice: { kind: 'latest', count: 1 } })])
      assert.deepEqual(started().versions(), ['m/3* ready 1'])
      const specific = { kind: 'specific', versions: ['1', '7'] }
      const [outcome] = await plane.applyModelConfig([served('m', { choice: specific })])
      assert.match(outcome?.error?.message ?? '', /no version '7'; its versions are: 1, 2, 3/)
      await becomes('m/1* ready 1')
    })

    it('moves labels when their versions are ready, in one go', async () => {
      source.offers = { m: ['1'] }
      const plane = await listed()
      await plane.applyModelConfig([served('m', { labels: { stable: '1' } })])
      source.offers = { m: ['1', '2'] }
      const labels = { stable: '2', old: '1' }
      assert.deepEqual(await plane.applyModelConfig([served('m', { labels })]), [{ name: 'm' }])
      assert.deepEqual(plane.labelsOf('m'), labels)
      await plane.applyModelConfig([served('m')])
      assert.deepEqual(plane.labelsOf('m'), labels)
    })

    it('tells of a label that points nowhere, and leaves the labels as they were', async () => {
      source.offers = { m: ['1'] }
      const plane = await listed()
      await plane.applyModelConfig([served('m', { labels: { stable: '1' } })])
      const [outcome] = await plane.applyModelConfig([served('m', { labels: { stable: '5' } })])
      assert.match(outcome?.error?.message ?? '', /no version '5'/)
      assert.deepEqual(plane.labelsOf('m'), { stable: '1' })
    })

    it('keeps a model whose directory is empty', async () => {
      source.offers = { m: ['1'] }
      const plane = await listed()
      await plane.applyModelConfig([served('m')])
      source.offers = {}
      const [outcome] = await plane.applyModelConfig([served('m')])
      assert.match(outcome?.error?.message ?? '', /has no version at/)
      assert.deepEqual(started().versions(), ['m/1* ready 1'])
    })

    const REFUSED = [
      { it: 'a name twice', models: [served('m'), served('m')], message: /names model 'm' twice/ },
      {
        it: 'a relative path',
        models: [served('m', { basePath: 'm' })],
        message: /base path 'm'; expected an absolute/,
      },
      { it: 'a name that is none', models: [served('../m')], message: /'\.\.\/m' cannot name a model/ },
      {
        it: 'the latest 0 versions',
        models: [served('m', { choice: { kind: 'latest', count: 0 } })],
        message: /latest 0 versions/,
      },
      {
        it: 'specific versions that it does not name',
        models: [served('m', { choice: { kind: 'specific', versions: [] } })],
        message: /names none/,
      },
    ]
    for (const { it: claim, models, message } of REFUSED) {
      it(`refuses a list with ${claim}, and changes nothing`, async () => {
        source.offers = { m: ['1'], n: ['1'] }
        const plane = await listed()
        await plane.applyModelConfig([served('n')])
        await assert.rejects(plane.applyModelConfig(models), { code: 'invalid_argument', message })
        assert.deepEqual(started().versions(), ['n/1* ready 1'])
      })
    }
  })
})
