import assert from 'node:assert/strict'
import { SnapshotStore } from '../../../frontend/core/snapshot.ts'
import { CoreHome, type CoreInstance } from '../../support/core-fixture.ts'
import { until } from '../../support/fake-clock.ts'
import { storeArchive } from '../../support/store-archives.ts'

describe('ManagementService, labels', () => {
  let home: CoreHome
  beforeEach(async () => {
    home = await CoreHome.create()
    for (const version of ['1', '2', '3']) await storeArchive(home.modelStore, `m${version}`, { version })
  })
  afterEach(() => home.remove())

  async function serving(...archives: readonly string[]): Promise<CoreInstance> {
    const core = await home.started()
    for (const archive of archives) await core.register(archive)
    return core
  }

  const answeredBy = async (core: CoreInstance, label: string) => {
    const answer = await core.admit('m', { model: { name: 'm', label } }).run({ kind: 'parts', parts: [] })
    return answer.model.version
  }

  const onDisk = async () => (await new SnapshotStore(home.registryDir).read())?.models[0]?.labels

  it('sends a request to the version that a label points to, from one moment to the next', async () => {
    const core = await serving('m1', 'm2')
    await core.controlPlane.setLabel({ name: 'm', version: '2' }, 'stable')
    assert.equal(await answeredBy(core, 'stable'), '2')
    await core.controlPlane.setLabel({ name: 'm', version: '1' }, 'stable')
    assert.equal(await answeredBy(core, 'stable'), '1')
  })

  it('replaces all labels at once', async () => {
    const core = await serving('m1', 'm2')
    await core.controlPlane.setLabels('m', { stable: '1', old: '1' })
    await core.controlPlane.setLabels('m', { stable: '2', canary: '1' })
    assert.deepEqual(core.controlPlane.labelsOf('m'), { stable: '2', canary: '1' })
    assert.deepEqual(
      core.controlPlane.describe({ name: 'm', version: 'all' }).map(({ labels }) => labels),
      [['canary'], ['stable']],
    )
  })

  it('changes nothing when one of several labels cannot move', async () => {
    const core = await serving('m1')
    await core.controlPlane.setLabels('m', { stable: '1' })
    await assert.rejects(core.controlPlane.setLabels('m', { canary: '1', stable: '9' }), {
      code: 'not_found',
    })
    assert.deepEqual(core.controlPlane.labelsOf('m'), { stable: '1' })
  })

  it('is durable before it is acknowledged, and survives a kill', async () => {
    const core = await serving('m1', 'm2')
    await core.controlPlane.setLabels('m', { stable: '1', canary: '2' })
    assert.deepEqual(await onDisk(), { stable: '1', canary: '2' })
    const next = await home.started()
    assert.deepEqual(next.controlPlane.labelsOf('m'), { stable: '1', canary: '2' })
    assert.equal(await answeredBy(next, 'canary'), '2')
  })

  it('stays where it was when it cannot be saved', async () => {
    const core = await serving('m1', 'm2')
    await core.controlPlane.setLabels('m', { stable: '1' })
    const mend = await home.breakDisk(4)
    await assert.rejects(core.controlPlane.setLabels('m', { stable: '2' }), { reason: 'state_not_saved' })
    assert.equal(await answeredBy(core, 'stable'), '1')
    await mend()
  })

  it('goes with its version, from the disk too', async () => {
    const core = await serving('m1', 'm2')
    await core.controlPlane.setLabels('m', { stable: '1', canary: '2' })
    await core.controlPlane.unregister({ name: 'm', version: '2' })
    assert.deepEqual(core.controlPlane.labelsOf('m'), { stable: '1' })
    assert.deepEqual(await onDisk(), { stable: '1' })
  })

  it('waits for the version that it moves to while that loads', async () => {
    const core = await home.started({ loads: false, answers: true })
    const registered = core.register('m1')
    await until(() => core.workers.processes.length > 0)
    const moved = core.controlPlane.setLabel({ name: 'm', version: '1' }, 'stable')
    core.workers.latest().ready()
    await registered
    await moved
    assert.deepEqual(core.controlPlane.labelsOf('m'), { stable: '1' })
  })

  it('does not move to a version without workers', async () => {
    const core = await serving('m1')
    await core.register('m2', 0)
    await assert.rejects(core.controlPlane.setLabel({ name: 'm', version: '2' }, 'stable'), {
      code: 'failed_precondition',
      reason: 'label',
      message:
        "the label 'stable' cannot point to m/2, which is 'new': a label moves only to a version that is ready",
    })
  })

  const REFUSED = [
    { it: 'a label of no model', name: 'x', labels: { a: '1' }, code: 'not_found', reason: 'model' },
    {
      it: 'a version that is not there',
      name: 'm',
      labels: { a: '9' },
      code: 'not_found',
      reason: 'version',
    },
    { it: 'a name that is none', name: 'm', labels: { '': '1' }, code: 'invalid_argument', reason: 'label' },
    { it: 'a path', name: 'm', labels: { '../a': '1' }, code: 'invalid_argument', reason: 'label' },
  ]
  for (const { it: claim, name, labels, code, reason } of REFUSED) {
    it(`refuses ${claim}`, async () => {
      const core = await serving('m1')
      await assert.rejects(core.controlPlane.setLabels(name, labels), { code, reason })
    })
  }

  it('says which labels there are when one is unknown', async () => {
    const core = await serving('m1')
    await core.controlPlane.setLabels('m', { stable: '1' })
    assert.throws(() => core.admit('m', { model: { name: 'm', label: 'x' } }), {
      code: 'not_found',
      reason: 'label',
      message: "model 'm' has no label 'x'; its labels are: stable (1)",
    })
    await core.controlPlane.removeLabel('m', 'stable')
    await assert.rejects(core.controlPlane.removeLabel('m', 'stable'), {
      message: "model 'm' has no label 'stable'; it has no labels",
    })
  })

  it('finds a version by its integer, the same after a restart', async () => {
    await storeArchive(home.modelStore, 'a', { modelName: 'a', version: '1.1' })
    await storeArchive(home.modelStore, 'b', { modelName: 'a', version: '1.0' })
    const core = await serving('a', 'b')
    const integers = (each: CoreInstance) =>
      ['1.0', '1.1'].map((version) => each.dataPlane.integerVersionOf({ name: 'a', version }))
    assert.deepEqual(integers(core), ['2', '1'])
    assert.equal(core.admit('a', { model: { name: 'a', integerVersion: '2' } }).model.version, '1.0')
    assert.throws(() => core.admit('a', { model: { name: 'a', integerVersion: '7' } }), {
      message: "model 'a' has no version '7'; its versions are: 2 (1.0), 1 (1.1)",
    })
    assert.deepEqual(integers(await home.started()), ['2', '1'])
  })
})
