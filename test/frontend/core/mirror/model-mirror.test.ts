import assert from 'node:assert/strict'
import { EventBus } from '../../../../frontend/core/events.ts'
import { ModelMirror } from '../../../../frontend/core/mirror/model-mirror.ts'
import { publishedModel, type PublishedModel } from '../../../../frontend/core/mirror/published.ts'
import { ModelRegistry } from '../../../../frontend/core/model-registry.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { FakeWorkerProcess } from '../../../support/fake-worker-process.ts'
import { PARTS, versionFixture } from '../../../support/version-fixture.ts'
import { SPEC } from '../../../support/worker-sets.ts'

/** A primary with one version, and a mirror of it over fake channels. */
async function mirrored() {
  const primary = versionFixture()
  const registry = new ModelRegistry()
  registry.add(primary.version)
  await primary.scaled(1)
  const attached: FakeWorkerProcess[] = []
  const left: number[][] = []
  const clock = new FakeClock()
  const mirror = new ModelMirror({
    events: new EventBus(),
    clock,
    frontends: 2,
    unregisterTimeoutMs: 1000,
    attach: (pid, threads, listener) => {
      const ignored = { onInstanceFailed: assert.fail, onLog: () => undefined, onMetrics: () => undefined }
      const process = new FakeWorkerProcess(
        pid,
        { ...SPEC, threads },
        { ...ignored, ...listener },
        { answers: true },
      )
      attached.push(process)
      queueMicrotask(() => process.ready())
      return process
    },
    onLeft: () => void left.push([...mirror.setIds]),
  })
  const publish = (): PublishedModel => publishedModel(registry, 'm')
  const ask = async (id: string) => {
    const version = mirror.find({ name: 'm' })
    assert.ok(version)
    version.acquire(primary.head(id))
    const outcome = await version.run(primary.head(id), { arrivedAtMs: clock.nowMs(), payload: PARTS })
    version.release()
    return outcome.ok
  }
  return { primary, registry, mirror, attached, left, publish, ask }
}

describe('ModelMirror', () => {
  it('serves what the primary serves, over the same worker processes', async () => {
    const { mirror, publish, ask, attached, primary } = await mirrored()
    assert.equal(mirror.find({ name: 'm' }), undefined)
    await mirror.apply(publish())
    assert.equal(await ask('r1'), true)
    assert.deepEqual(
      attached.map(({ pid }) => pid),
      [primary.workers.latest().pid],
    )
  })

  it('changes over to other workers, and then leaves those it had', async () => {
    const { mirror, publish, ask, attached, left, primary } = await mirrored()
    await mirror.apply(publish())
    const [former] = mirror.setIds
    await primary.scaled(2)
    await mirror.apply(publish())
    assert.equal(await ask('r1'), true)
    assert.deepEqual(
      attached.map(({ isStopping }) => isStopping),
      [true, false],
    )
    await Promise.resolve()
    assert.ok(former !== undefined && !mirror.setIds.includes(former))
    assert.equal(left.length, 1)
  })

  it('takes over settings that change while a version serves', async () => {
    const { mirror, publish, attached, primary } = await mirrored()
    await mirror.apply(publish())
    await primary.version.tune({ ...primary.version.settings, maxBatchDelayMs: 7 }, async () => undefined)
    await mirror.apply(publish())
    assert.equal(mirror.find({ name: 'm' })?.settings.maxBatchDelayMs, 7)
    assert.equal(attached.length, 1)
  })

  it('attaches to the process that comes in the place of one that died', async () => {
    const { mirror, publish, ask, attached, primary } = await mirrored()
    await mirror.apply(publish())
    attached[0]?.exit()
    assert.equal(mirror.find({ name: 'm' }), undefined)
    primary.workers.latest().exit()
    await primary.clock.advance(0)
    await mirror.apply(publish())
    assert.equal(await ask('r1'), true)
    assert.equal(attached.length, 2)
  })

  it('drops a version that the primary drains', async () => {
    const { mirror, publish, attached, primary } = await mirrored()
    await mirror.apply(publish())
    const unloaded = primary.version.unload(1000)
    await mirror.apply(publish())
    assert.equal(mirror.find({ name: 'm' }), undefined)
    await unloaded
    assert.deepEqual(
      attached.map(({ isStopping }) => isStopping),
      [true],
    )
  })

  it('leaves a request that names no version to the primary while the default is not there', async () => {
    const { mirror, publish } = await mirrored()
    const { name, labels, versions } = publish()
    await mirror.apply({ name, labels, versions })
    assert.equal(mirror.find({ name: 'm' }), undefined)
    assert.ok(mirror.find({ name: 'm', version: '1.0' }) ?? mirror.find({ name: 'm', version: '1' }))
  })
})

describe('publishedModel', () => {
  const UNSHARED = [
    { it: 'keeps a version with sequences to the primary', settings: { sequenceBatching: {} as never } },
    { it: 'keeps a version with continuous batching to the primary', settings: { continuousBatching: true } },
    { it: 'keeps a version with an order of its requests to the primary', settings: { scheduling: {} } },
    { it: 'keeps a version with job tickets to the primary', settings: { useJobTicket: true } },
  ]
  for (const { it: claim, settings } of UNSHARED) {
    it(claim, async () => {
      const { version, scaled } = versionFixture({ settings })
      const registry = new ModelRegistry()
      registry.add(version)
      await scaled(1)
      assert.deepEqual(publishedModel(registry, 'm').versions, [])
    })
  }

  it('says nothing of a version without workers', async () => {
    const { version } = versionFixture()
    const registry = new ModelRegistry()
    registry.add(version)
    assert.deepEqual(publishedModel(registry, 'm'), { name: 'm', labels: {}, versions: [] })
  })
})
