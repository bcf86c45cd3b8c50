import assert from 'node:assert/strict'
import type { TunableSettings } from '../../../frontend/core/control-plane.ts'
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

  describe('scale', () => {
    it('answers when as many workers are warm, durably', async () => {
      const core = await home.started()
      await core.register('m1')
      const outcome = await core.controlPlane.scale({
        model: { name: 'm' },
        minWorkers: 3,
        synchronous: true,
      })
      assert.deepEqual(outcome, { model: { name: 'm', version: '1' }, state: 'ready', workers: 3 })
      assert.deepEqual(await home.onDisk(), ['m=1: 1×3'])
    })

    it('in the background answers at once, durably', async () => {
      const core = await home.started()
      await core.register('m1')
      core.workers.options = {}
      const outcome = await core.controlPlane.scale({
        model: { name: 'm' },
        minWorkers: 3,
        synchronous: false,
      })
      assert.deepEqual([outcome.state, outcome.workers], ['loading', 3])
      assert.deepEqual(await home.onDisk(), ['m=1: 1×3'])
      await settlePromises()
      core.workers.latest().ready()
      await settlePromises()
      assert.deepEqual(core.versions(), ['m/1* ready 3'])
    })

    describe('with other settings', () => {
      const model = { name: 'm' }
      const tune = (core: Awaited<ReturnType<CoreHome['started']>>, settings: TunableSettings) =>
        core.controlPlane.scale({ model, settings, synchronous: true })

      it('changes what workers need not know while they serve, durably', async () => {
        const core = await home.started()
        await core.register('m1')
        const settings = {
          maxBatchRows: 2,
          maxBatchDelayMs: 7,
          maxQueuedRequests: 5,
          targetWaitMs: 250,
          inferenceTimeoutMs: 900,
        }
        const outcome = await tune(core, settings)
        assert.deepEqual(outcome, { model: { name: 'm', version: '1' }, state: 'ready', workers: 1 })
        assert.equal(core.workers.processes.length, 1)
        const again = await home.started()
        const [described] = again.controlPlane.describe(model)
        for (const [key, value] of Object.entries(settings)) {
          const setting = described?.settings[key as keyof TunableSettings] // its own keys
          assert.deepEqual(setting, { value, source: 'api' })
        }
      })

      it('forms later batches by them', async () => {
        const core = await home.started({ loads: true })
        await core.register('m1')
        const answers = ['a', 'b', 'c', 'd'].map((requestId) =>
          core.admit('m', { requestId }).run({ kind: 'parts', parts: [] }),
        )
        await tune(core, { maxBatchRows: 2 })
        for (const ids of ['a', 'b c', 'd']) {
          assert.deepEqual(
            core.workers.batches.map((batch) => batch.ids),
            [ids],
          )
          core.workers.batches[0]?.answer()
          await settlePromises()
        }
        await Promise.all(answers)
      })

      it('starts new workers for batches larger than they were told of, and only then', async () => {
        const core = await home.started()
        await core.register('m1')
        const [described] = core.controlPlane.describe(model)
        const loadedRows = described?.maxBatchRows ?? 0
        await tune(core, { maxBatchRows: loadedRows - 1 })
        await tune(core, { maxBatchRows: loadedRows })
        assert.equal(core.workers.processes.length, 1)
        await tune(core, { maxBatchRows: loadedRows + 1 })
        assert.equal(core.workers.processes.length, 2)
        assert.equal(core.workers.latest().spec.maxBatchRows, loadedRows + 1)
      })

      it('keeps the number of workers, and keeps them when workers are scaled', async () => {
        const core = await home.started()
        await core.register('m1')
        await core.controlPlane.scale({ model, minWorkers: 2, synchronous: true })
        await tune(core, { targetWaitMs: 100 })
        await core.controlPlane.scale({ model, minWorkers: 3, synchronous: true })
        const [described] = core.controlPlane.describe(model)
        assert.deepEqual([described?.minWorkers, described?.settings.targetWaitMs.value], [3, 100])
      })

      it('takes a target back with 0', async () => {
        const core = await home.started()
        await core.register('m1')
        await tune(core, { targetWaitMs: 100 })
        await tune(core, { targetWaitMs: 0 })
        assert.equal(core.controlPlane.describe(model)[0]?.settings.targetWaitMs.value, undefined)
      })

      it('leaves everything as it is when a value is refused', async () => {
        const core = await home.started()
        await core.register('m1')
        await assert.rejects(tune(core, { maxBatchRows: 0 }), { code: 'invalid_argument' })
        assert.deepEqual(core.versions(), ['m/1* ready 1'])
      })
    })

    it('can end all workers, and start them again', async () => {
      const core = await home.started()
      await core.register('m1')
      const scale = (minWorkers: number, maxWorkers?: number) =>
        core.controlPlane.scale({
          model: { name: 'm' },
          minWorkers,
          ...(maxWorkers === undefined ? {} : { maxWorkers }),
          synchronous: true,
        })
      assert.equal((await scale(0)).state, 'no_workers')
      assert.equal((await scale(1)).workers, 1)
      assert.equal((await scale(0, 0)).state, 'no_workers')
      assert.deepEqual(await home.onDisk(), ['m=1: 1×0'])
      assert.equal((await scale(2)).workers, 2)
    })

    it('keeps workers and record when the new workers do not start', async () => {
      const core = await home.started()
      await core.register('m1', 1)
      core.workers.options = { answers: true }
      const scaling = core.controlPlane.scale({ model: { name: 'm' }, minWorkers: 3, synchronous: true })
      const failed = assert.rejects(scaling, { code: 'internal' })
      await settlePromises()
      core.workers.latest().exit()
      await failed
      assert.deepEqual(await home.onDisk(), ['m=1: 1×1'])
      assert.equal(await core.ask('m'), 'm/1: r')
      assert.deepEqual(core.versions(), ['m/1* ready 1'])
    })

    it('keeps workers and record when the change cannot be saved', async () => {
      const core = await home.started()
      await core.register('m1', 1)
      const mend = await home.breakDisk(2)
      for (const synchronous of [true, false]) {
        const scaling = core.controlPlane.scale({ model: { name: 'm' }, minWorkers: 3, synchronous })
        await assert.rejects(scaling, { reason: 'state_not_saved' })
      }
      await mend()
      assert.deepEqual(core.versions(), ['m/1* ready 1'])
      assert.equal(core.workers.alive.length, 1)
      assert.deepEqual(await home.onDisk(), ['m=1: 1×1'])
    })

    const REFUSED = [
      { it: 'an unknown model', model: { name: 'x' }, minWorkers: 1, code: 'not_found' },
      { it: 'an unknown version', model: { name: 'm', version: '9' }, minWorkers: 1, code: 'not_found' },
      { it: 'too many workers', model: { name: 'm' }, minWorkers: 1025, code: 'invalid_argument' },
      {
        it: 'a maximum below the minimum',
        model: { name: 'm' },
        minWorkers: 3,
        maxWorkers: 2,
        code: 'invalid_argument',
      },
    ]
    for (const { it: claim, code, ...request } of REFUSED) {
      it(`refuses ${claim}`, async () => {
        const core = await home.started()
        await core.register('m1', 1)
        await assert.rejects(core.controlPlane.scale({ ...request, synchronous: true }), { code })
        assert.deepEqual(await home.onDisk(), ['m=1: 1×1'])
      })
    }
  })

  describe('setDefault', () => {
    it('changes what an unversioned request gets, durably', async () => {
      const core = await home.started()
      await core.register('m1')
      await core.register('m2')
      await core.controlPlane.setDefault({ name: 'm', version: '2' })
      assert.equal(await core.ask('m'), 'm/2: r')
      assert.deepEqual(await home.onDisk(), ['m=2: 1×default 2×default'])
    })

    it('changes nothing when it cannot be saved', async () => {
      const core = await home.started()
      await core.register('m1')
      await core.register('m2')
      await home.breakDisk(3)
      await assert.rejects(core.controlPlane.setDefault({ name: 'm', version: '2' }), { code: 'internal' })
      assert.equal(await core.ask('m'), 'm/1: r')
    })

    it('refuses what is not registered', async () => {
      const core = await home.started()
      await core.register('m1')
      await assert.rejects(core.controlPlane.setDefault({ name: 'm', version: '2' }), { code: 'not_found' })
      await assert.rejects(core.controlPlane.setDefault({ name: 'x', version: '1' }), { code: 'not_found' })
    })
  })

  describe('order of changes', () => {
    it('makes the changes of one model in the order they were asked for', async () => {
      const core = await home.started()
      await core.register('m1')
      const scale = (minWorkers: number) =>
        core.controlPlane.scale({ model: { name: 'm' }, minWorkers, synchronous: true })
      await Promise.all([scale(2), scale(0), scale(4), scale(3)])
      assert.deepEqual(core.versions(), ['m/1* ready 3'])
      assert.deepEqual(await home.onDisk(), ['m=1: 1×3'])
      await settlePromises()
      assert.equal(core.workers.alive.length, 1)
    })

    it('changes other models meanwhile', async () => {
      const core = await home.started({})
      void core.register('m1').catch(() => undefined) // never loads
      await until(() => core.workers.processes.length > 0)
      core.workers.options = { loads: true }
      assert.equal((await core.register('n')).state, 'ready')
    })
  })
})
