import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ControlMode } from '../../../../frontend/core/repository/repository.ts'
import { CoreHome, type CoreInstance } from '../../../support/core-fixture.ts'
import { settlePromises, until } from '../../../support/fake-clock.ts'
import { storeArchive } from '../../../support/store-archives.ts'

const ANSWERING = { loads: true, answers: true }

describe('Repository', () => {
  let home: CoreHome
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'm', { version: '1' })
    await storeArchive(home.modelStore, 'n', { modelName: 'n' })
  })
  afterEach(() => home.remove())

  const explicit = (workers: Parameters<CoreHome['core']>[0] = ANSWERING) =>
    home.started(workers, { repository: { mode: 'explicit' } })

  const index = async (core: CoreInstance) =>
    (await core.controlPlane.index()).map(({ name, version, state, reason }) =>
      [name, version, state, reason].filter((each) => each !== undefined).join(' '),
    )

  describe('load', () => {
    it('loads a model of the store, and resolves when it answers', async () => {
      const core = await explicit()
      await core.controlPlane.load({ name: 'm' })
      assert.equal(await core.ask('m'), 'm/1: r')
      assert.deepEqual(await home.onDisk(), ['m=1: 1×default'])
    })

    it('survives a kill', async () => {
      await (await explicit()).controlPlane.load({ name: 'm' })
      assert.deepEqual((await explicit()).versions(), ['m/1* ready 1'])
    })

    it('changes nothing when the store has not changed', async () => {
      const core = await explicit()
      await core.controlPlane.load({ name: 'm' })
      await core.controlPlane.load({ name: 'm' })
      assert.equal(core.workers.processes.length, 1)
    })

    it('loads every archive of the model, and makes the highest version the default', async () => {
      await storeArchive(home.modelStore, 'm2', { version: '2' })
      const core = await explicit()
      await core.controlPlane.load({ name: 'm' })
      assert.deepEqual(core.versions(), ['m/1 ready 1', 'm/2* ready 1'])
    })

    it('replaces a version whose archive has changed, and drains the former', async () => {
      const core = await explicit({ loads: true })
      await core.controlPlane.load({ name: 'm' })
      const running = core.ask('m')
      await storeArchive(home.modelStore, 'm', { version: '1', labels: 'others' })
      await core.controlPlane.load({ name: 'm' })
      assert.equal(core.workers.alive.length, 2)
      core.workers.batches[0]?.answer()
      assert.equal(await running, 'm/1: r')
      await until(() => core.workers.alive.length === 1)
      assert.deepEqual(core.versions(), ['m/1* ready 1'])
    })

    it('goes on with the former version while its successor loads, and when that fails', async () => {
      const core = await explicit()
      await core.controlPlane.load({ name: 'm' })
      await storeArchive(home.modelStore, 'm', { version: '1', labels: 'others' })
      core.workers.options = { answers: true }
      const failed = assert.rejects(core.controlPlane.load({ name: 'm' }), { code: 'internal' })
      await until(() => core.workers.processes.length === 2)
      assert.equal(await core.ask('m'), 'm/1: r')
      core.workers.latest().exit()
      await failed
      assert.equal(await core.ask('m'), 'm/1: r')
      assert.deepEqual(await home.onDisk(), ['m=1: 1×default'])
    })

    it('keeps an override until the model is unloaded', async () => {
      const core = await explicit()
      const rows = () => core.registry.resolve({ name: 'm' }).settings.maxBatchRows
      await core.controlPlane.load({ name: 'm', config: { max_batch_size: 3 } })
      assert.equal(rows(), 3)
      await core.controlPlane.load({ name: 'm' })
      assert.equal(rows(), 3)
      const next = await explicit()
      await next.controlPlane.load({ name: 'm' })
      assert.equal(next.registry.resolve({ name: 'm' }).settings.maxBatchRows, 3)
      await next.controlPlane.unload({ name: 'm' })
      await next.controlPlane.load({ name: 'm' })
      assert.equal(next.registry.resolve({ name: 'm' }).settings.maxBatchRows, 4)
    })

    it('reloads for another override, with requests answered throughout', async () => {
      const core = await explicit()
      await core.controlPlane.load({ name: 'm', config: { max_batch_size: 3 } })
      const reloaded = core.controlPlane.load({ name: 'm', config: { max_batch_size: 2 } })
      assert.equal(await core.ask('m'), 'm/1: r')
      await reloaded
      assert.equal(core.registry.resolve({ name: 'm' }).settings.maxBatchRows, 2)
    })

    it('loads the versions that a version policy chooses, and unloads the others', async () => {
      await storeArchive(home.modelStore, 'm2', { version: '2' })
      await storeArchive(home.modelStore, 'm3', { version: '3' })
      const core = await explicit()
      await core.controlPlane.load({
        name: 'm',
        config: { version_policy: { specific: { versions: [1, '2'] } } },
      })
      assert.deepEqual(core.versions(), ['m/1 ready 1', 'm/2* ready 1'])
      await core.controlPlane.load({ name: 'm', config: { version_policy: { latest: { num_versions: 1 } } } })
      await until(() => core.versions().length === 1)
      assert.deepEqual(core.versions(), ['m/3* ready 1'])
    })

    const REFUSED = [
      { it: 'a model that is not there', request: { name: 'x' }, code: 'not_found', reason: 'model' },
      { it: 'a path', request: { name: '../m' }, code: 'invalid_argument', reason: 'model_name' },
      {
        it: 'a name of several segments',
        request: { name: 'a/m' },
        code: 'invalid_argument',
        reason: 'model_name',
      },
      { it: 'no name', request: { name: '' }, code: 'invalid_argument', reason: 'model_name' },
      { it: 'a blank name', request: { name: ' ' }, code: 'invalid_argument', reason: 'model_name' },
      {
        it: 'an override with an unknown field',
        request: { name: 'm', config: { dynamic_batchin: {} } },
        code: 'invalid_argument',
        reason: 'json_proto',
      },
      {
        it: 'an override of another model',
        request: { name: 'm', config: { name: 'n' } },
        code: 'invalid_argument',
        reason: 'load_config',
      },
      {
        it: 'a policy that chooses nothing',
        request: { name: 'm', config: { version_policy: { specific: { versions: [7] } } } },
        code: 'not_found',
        reason: 'version',
      },
      {
        it: 'files without a config',
        request: { name: 'm', files: new Map([['1/model.onnx', new Uint8Array(1)]]) },
        code: 'invalid_argument',
        reason: 'load_files',
      },
    ]
    for (const { it: claim, request, code, reason } of REFUSED) {
      it(`refuses ${claim}`, async () => {
        const core = await explicit()
        await assert.rejects(core.controlPlane.load(request), { code, reason })
        assert.deepEqual(core.versions(), [])
      })
    }

    for (const mode of ['none', 'poll'] satisfies ControlMode[]) {
      it(`is refused in mode ${mode}`, async () => {
        const core = await home.started(ANSWERING, { repository: { mode } })
        const refusal = { code: 'failed_precondition', reason: 'control_mode' }
        await assert.rejects(core.controlPlane.load({ name: 'm' }), refusal)
        await assert.rejects(core.controlPlane.unload({ name: 'm' }), refusal)
      })
    }
  })

  describe('unload', () => {
    it('takes no more requests when it resolves, while those that run end', async () => {
      const core = await explicit({ loads: true })
      await core.controlPlane.load({ name: 'm' })
      const running = core.ask('m')
      await core.controlPlane.unload({ name: 'm' })
      assert.throws(() => core.admit('m'), { code: 'unavailable' })
      assert.deepEqual(await home.onDisk(), [])
      core.workers.batches[0]?.answer()
      assert.equal(await running, 'm/1: r')
      await until(() => core.versions().length === 0)
    })

    it('unloads every version', async () => {
      await storeArchive(home.modelStore, 'm2', { version: '2' })
      const core = await explicit()
      await core.controlPlane.load({ name: 'm' })
      await core.controlPlane.unload({ name: 'm' })
      await until(() => core.workers.alive.length === 0)
      assert.deepEqual(core.versions(), [])
    })

    it('has nothing to do for a model that is not loaded', async () => {
      await (await explicit()).controlPlane.unload({ name: 'm' })
    })

    it('does not know what is neither loaded nor in the store', async () => {
      await assert.rejects((await explicit()).controlPlane.unload({ name: 'x' }), {
        code: 'not_found',
        reason: 'model',
      })
    })

    it('unloads what the store no longer holds', async () => {
      const core = await explicit()
      await core.controlPlane.load({ name: 'm' })
      await rm(join(home.modelStore, 'm'), { recursive: true })
      await core.controlPlane.unload({ name: 'm' })
      await until(() => core.versions().length === 0)
    })
  })

  describe('index', () => {
    it('names what was never loaded, and tells the state of the rest', async () => {
      const core = await explicit()
      await core.controlPlane.load({ name: 'm' })
      assert.deepEqual(await index(core), ['m 1 ready', 'n'])
    })

    it('tells of a model while it loads', async () => {
      const core = await explicit({ answers: true })
      const loaded = core.controlPlane.load({ name: 'm' })
      await until(() => core.workers.processes.length === 1)
      assert.deepEqual(await index(core), ['m 1 loading', 'n'])
      core.workers.latest().ready()
      await loaded
    })

    it('tells what was unloaded', async () => {
      const core = await explicit()
      await core.controlPlane.load({ name: 'm' })
      await core.controlPlane.unload({ name: 'm' })
      await until(() => core.versions().length === 0)
      await settlePromises()
      assert.deepEqual(await index(core), ['m 1 unloaded unloaded', 'n'])
    })

    it('tells why a model could not be loaded', async () => {
      const core = await explicit({ answers: true })
      const failed = assert.rejects(core.controlPlane.load({ name: 'm' }))
      await until(() => core.workers.processes.length === 1)
      core.workers.latest().exit()
      await failed
      const [told] = await index(core)
      assert.match(told ?? '', /^m 1 failed m\/1 did not start: /)
    })

    it('names a broken archive with its reason, beside the others', async () => {
      await writeFile(join(home.modelStore, 'broken.mar'), 'no zip')
      const core = await explicit()
      const [broken, ...others] = await index(core)
      assert.match(broken ?? '', /^broken .*broken\.mar/)
      assert.deepEqual(others, ['m', 'n'])
      await assert.rejects(core.controlPlane.load({ name: 'broken' }), { code: 'invalid_argument' })
    })
  })
})
