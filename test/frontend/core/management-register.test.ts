import assert from 'node:assert/strict'
import { CoreHome } from '../../support/core-fixture.ts'
import { settlePromises, until } from '../../support/fake-clock.ts'
import { storeArchive } from '../../support/store-archives.ts'

describe('ManagementService', () => {
  let home: CoreHome
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm1', { version: '1' })
    await storeArchive(home.modelStore, 'm2', { version: '2' })
    await storeArchive(home.modelStore, 'm10', { version: '10' })
    await storeArchive(home.modelStore, 'n', { modelName: 'n', config: 'minWorkers: 2' })
  })
  afterEach(() => home.remove())

  describe('register', () => {
    it('answers when the version is warm and durable', async () => {
      const core = await home.started()
      const outcome = await core.register('m1', 2)
      assert.deepEqual(outcome, { model: { name: 'm', version: '1' }, state: 'ready', workers: 2 })
      assert.deepEqual(await home.onDisk(), ['m=1: 1×2'])
      assert.equal(await core.ask('m'), 'm/1: r')
    })

    it('keeps the first version the default', async () => {
      const core = await home.started()
      for (const archive of ['m2', 'm10', 'm1']) await core.register(archive)
      assert.deepEqual(core.versions(), ['m/1 ready 1', 'm/2* ready 1', 'm/10 ready 1'])
      assert.equal(await core.ask('m', '10'), 'm/10: r')
      assert.equal(await core.ask('m'), 'm/2: r')
    })

    it("takes the archive's number of workers, and serves none when told so", async () => {
      const core = await home.started()
      assert.equal((await core.register('n')).workers, 2)
      assert.deepEqual(await core.register('m1', 0), {
        model: { name: 'm', version: '1' },
        state: 'no_workers',
        workers: 0,
      })
      assert.deepEqual(await home.onDisk(), ['m=1: 1×0', 'n=1: 1×default'])
    })

    it('takes name, handler and settings of the call', async () => {
      const core = await home.started()
      await core.controlPlane.register({
        archive: 'm1',
        name: 'other',
        handler: 'image_classifier',
        settings: { maxBatchRows: 2 },
        synchronous: true,
      })
      const [described] = core.controlPlane.describe({ name: 'other' })
      assert.equal(described?.handler, 'image_classifier')
      assert.equal(described.maxBatchRows, 2)
      assert.equal(core.workers.latest().spec.handler, 'image_classifier')
    })

    it('in the background answers at once, durably', async () => {
      const core = await home.started({ answers: true })
      const outcome = await core.controlPlane.register({ archive: 'm1', synchronous: false })
      assert.deepEqual(outcome, { model: { name: 'm', version: '1' }, state: 'loading', workers: 1 })
      assert.deepEqual(await home.onDisk(), ['m=1: 1×default'])
      await settlePromises()
      assert.deepEqual(core.versions(), ['m/1* loading 0'])
      core.workers.latest().ready()
      await settlePromises()
      assert.equal(await core.ask('m'), 'm/1: r')
    })

    it('in the background keeps a version whose workers do not start, with the reason', async () => {
      const core = await home.started({})
      await core.controlPlane.register({ archive: 'm1', synchronous: false })
      await settlePromises()
      core.workers.latest().failToLoad()
      await settlePromises()
      const [described] = core.controlPlane.describe({ name: 'm' })
      assert.deepEqual([described?.state, described?.reason], ['failed', 'the graph is broken'])
      assert.throws(() => core.admit('m'), {
        code: 'unavailable',
        message: 'm/1 cannot answer: the graph is broken',
      })
      assert.deepEqual(await home.onDisk(), ['m=1: 1×default'])
    })

    it('does not call a version that failed registered, when the same archive comes again', async () => {
      const core = await home.started({})
      await core.controlPlane.register({ archive: 'm1', synchronous: false })
      await settlePromises()
      core.workers.latest().failToLoad()
      await settlePromises()
      for (const synchronous of [true, false]) {
        await assert.rejects(core.controlPlane.register({ archive: 'm1', synchronous }), {
          code: 'failed_precondition',
          message:
            'm/1 is registered already, from the same archive, and did not start: the graph is broken; scale it to try again, or unregister it',
        })
      }
      assert.deepEqual(core.versions(), ['m/1* failed 0'])
    })

    it('leaves nothing of a version whose workers do not start', async () => {
      const core = await home.started({})
      const registering = assert.rejects(core.register('m1'), { code: 'invalid_argument' })
      await until(() => core.workers.processes.length > 0)
      core.workers.latest().failToLoad()
      await registering
      assert.deepEqual([core.versions(), core.workers.alive], [[], []])
      assert.deepEqual(await home.onDisk(), [])
      assert.deepEqual(core.heard, ['removed m/1'])
    })

    it('leaves nothing of a version that cannot be saved', async () => {
      const core = await home.started()
      const mend = await home.breakDisk(1)
      for (const synchronous of [true, false]) {
        await assert.rejects(core.controlPlane.register({ archive: 'm1', synchronous }), {
          code: 'internal',
          reason: 'state_not_saved',
        })
        await settlePromises()
        assert.deepEqual([core.versions(), core.workers.alive], [[], []])
      }
      await mend()
      await core.register('m1')
    })

    const REFUSED = [
      { it: 'an absent archive', request: { archive: 'x.mar' }, code: 'not_found' },
      { it: 'a path', request: { archive: '../m1' }, code: 'invalid_argument' },
      { it: 'a name that is none', request: { archive: 'm1', name: 'a/b' }, code: 'invalid_argument' },
      { it: 'an empty name', request: { archive: 'm1', name: '' }, code: 'invalid_argument' },
      { it: 'an unknown handler', request: { archive: 'm1', handler: 'nope' }, code: 'invalid_argument' },
      {
        it: 'a handler outside the archive',
        request: { archive: 'm1', handler: '../x.js' },
        code: 'invalid_argument',
      },
      {
        it: 'a negative number of workers',
        request: { archive: 'm1', initialWorkers: -1 },
        code: 'invalid_argument',
      },
      {
        it: 'a setting out of its range',
        request: { archive: 'm1', settings: { maxBatchRows: 0 } },
        code: 'invalid_argument',
      },
    ]
    for (const { it: claim, request, code } of REFUSED) {
      it(`refuses ${claim}`, async () => {
        const core = await home.started()
        for (const synchronous of [true, false]) {
          await assert.rejects(core.controlPlane.register({ ...request, synchronous }), { code })
        }
        assert.deepEqual([core.versions(), core.workers.processes], [[], []])
      })
    }

    const AGAIN = { archive: 'm1', synchronous: true }

    it('takes the same archive again as done, however it is asked for, without a second worker', async () => {
      const core = await home.started()
      const outcomes = await Promise.all([
        core.register('m1'),
        core.register('m1'),
        core.controlPlane.register({ ...AGAIN, synchronous: false }),
      ])
      assert.deepEqual(outcomes.map(({ existing }) => existing === true).sort(), [false, true, true])
      assert.deepEqual(await core.register('m1'), {
        model: { name: 'm', version: '1' },
        state: 'ready',
        workers: 1,
        existing: true,
      })
      assert.equal(core.workers.alive.length, 1)
    })

    it('says at once that the same archive is loading, to who does not wait', async () => {
      const core = await home.started({})
      const first = core.register('m1')
      await until(() => core.workers.processes.length > 0)
      const { state } = await core.controlPlane.register({ ...AGAIN, synchronous: false })
      assert.equal(state, 'loading')
      core.workers.latest().ready()
      await first
    })

    it('lets a second registration take the place of a first that fails', async () => {
      const core = await home.started({})
      const first = assert.rejects(core.register('m1'), { code: 'invalid_argument' })
      await until(() => core.workers.processes.length > 0)
      const second = core.register('m1')
      core.workers.latest().failToLoad()
      await first
      await until(() => core.workers.processes.length > 1)
      core.workers.latest().ready()
      assert.deepEqual(await second, { model: { name: 'm', version: '1' }, state: 'ready', workers: 1 })
    })

    const TAKEN = [
      { it: 'another archive of the same version', request: { ...AGAIN, archive: 'm1-other' } },
      { it: 'the same archive, where it may not be repeated', request: { ...AGAIN, repeatable: false } },
    ]
    for (const { it: claim, request } of TAKEN) {
      it(`refuses ${claim}`, async () => {
        const core = await home.started()
        await storeArchive(home.modelStore, 'm1-other', { version: '1', labels: 'other' })
        await core.register('m1')
        for (const synchronous of [true, false]) {
          await assert.rejects(core.controlPlane.register({ ...request, synchronous }), {
            code: 'already_exists',
            message: /^version '1' of model 'm' is registered already/,
          })
        }
        assert.deepEqual(core.versions(), ['m/1* ready 1'])
      })
    }

    it('takes an archive with the digest that was asked for, and no other', async () => {
      const core = await home.started()
      const { digest } = (await core.register('m1'), core.registry.resolve({ name: 'm' }).artefact)
      assert.equal((await core.controlPlane.register({ ...AGAIN, sha256: digest })).existing, true)
      await assert.rejects(core.controlPlane.register({ ...AGAIN, archive: 'm2', sha256: digest }), {
        code: 'invalid_argument',
        message: /^archive 'm2' has the SHA-256 [0-9a-f]{64}, and not /,
      })
    })

    it('says how many workers are up when some have ended again', async () => {
      const core = await home.started()
      await core.register('n')
      const [process] = core.workers.processes
      process?.exit('killed')
      await settlePromises()
      const outcome = await core.controlPlane.register({ archive: 'n', synchronous: false })
      assert.deepEqual([outcome.state, outcome.workers], ['partial', 0])
    })
  })

  describe('while another version of the model loads', () => {
    const loading = async () => {
      const core = await home.started({})
      const registering = core.register('m1')
      await until(() => core.workers.processes.length === 1)
      return { core, registering, first: core.workers.latest() }
    }

    it('registers in the background at once, and makes that version the default', async () => {
      const { core, registering, first } = await loading()
      await core.controlPlane.register({ archive: 'm2', synchronous: false })
      await core.controlPlane.setDefault({ name: 'm', version: '2' })
      assert.deepEqual(await home.onDisk(), ['m=2: 2×default'])
      first.ready()
      await registering
      assert.deepEqual(core.versions(), ['m/1 ready 1', 'm/2* loading 0'])
    })

    it('makes the one that stays the default when the first of the model fails', async () => {
      const { core, registering, first } = await loading()
      await core.controlPlane.register({ archive: 'm2', initialWorkers: 0, synchronous: false })
      const failed = assert.rejects(registering)
      first.failToLoad()
      await failed
      assert.deepEqual(core.versions(), ['m/2* new 0'])
      assert.deepEqual(await home.onDisk(), ['m=2: 2×0'])
    })

    it('does not make a version the default that may still fail', async () => {
      const { core, registering, first } = await loading()
      await core.controlPlane.register({ archive: 'm2', initialWorkers: 0, synchronous: false })
      const choosing = assert.rejects(core.controlPlane.setDefault({ name: 'm', version: '1' }), {
        code: 'not_found',
      })
      const failed = assert.rejects(registering)
      first.failToLoad()
      await Promise.all([failed, choosing])
      assert.deepEqual(core.versions(), ['m/2* new 0'])
    })
  })
})
