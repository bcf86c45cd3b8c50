import assert from 'node:assert/strict'
import { ByteBudget } from '../../../frontend/core/byte-budget.ts'
import type { RequestPayload } from '../../../worker/contract/messages.ts'
import { CoreHome, type CoreInstance } from '../../support/core-fixture.ts'
import { storeArchive } from '../../support/store-archives.ts'

const parts = (bytes: number): RequestPayload => ({
  kind: 'parts',
  parts: [{ name: 'body', bytes: new Uint8Array(bytes) }],
})
const TOO_MANY = { code: 'unavailable', reason: 'server_bytes', retryAfterMs: 1000 } as const

describe('ByteBudget', () => {
  it('takes up to its limit, and again what came back', () => {
    const budget = new ByteBudget(100)
    budget.take(60)
    budget.take(40)
    assert.throws(() => budget.take(1), TOO_MANY)
    budget.giveBack(40)
    budget.take(40)
  })

  it('says the bytes of the request, of the others, and the limit', () => {
    const budget = new ByteBudget(100)
    budget.take(60)
    assert.throws(
      () => budget.take(50),
      /has 50 bytes, the server holds 60 .* may be 100; retry later, or raise/,
    )
  })

  it('lets a larger request in alone', () => {
    const budget = new ByteBudget(100)
    budget.take(500)
    assert.throws(() => budget.take(1), TOO_MANY)
    budget.giveBack(500)
    budget.take(1)
  })
})

describe('bytes in flight', () => {
  let home: CoreHome
  let core: CoreInstance
  beforeEach(async () => {
    home = await CoreHome.create()
    await storeArchive(home.modelStore, 'a', { modelName: 'a', version: '1' })
    await storeArchive(home.modelStore, 'b', { modelName: 'b', version: '1' })
    core = await home.started({ loads: true }, { maxInFlightBytes: 100 })
    await core.register('a')
    await core.register('b')
  })
  afterEach(() => home.remove())

  it('are counted over all models, before bodies are read', () => {
    core.admit('a', { announcedBytes: 80 })
    assert.throws(() => core.admit('b', { announcedBytes: 30 }), TOO_MANY)
    core.admit('b', { announcedBytes: 20 })
    assert.deepEqual(core.heard, ['r rejected: server_bytes'])
  })

  it('come back when a body could not be read, and when a request has been answered', async () => {
    core.admit('a', { announcedBytes: 100 }).cancel()
    const running = core.admit('a', { announcedBytes: 100 }).run(parts(100))
    await core.clock.advance(1)
    core.workers.batches[0]?.answer()
    await running
    core.admit('b', { announcedBytes: 100 })
  })

  it('count a body that was packed by what it holds', async () => {
    const running = core.admit('a', { announcedBytes: 10 }).run(parts(100))
    assert.throws(() => core.admit('b', { announcedBytes: 1 }), TOO_MANY)
    await core.clock.advance(1)
    core.workers.batches[0]?.answer()
    await running
    core.admit('b', { announcedBytes: 100 })
  })

  it('refuse a packed body that leaves no room, and take nothing for it', async () => {
    core.admit('a', { announcedBytes: 60 })
    await assert.rejects(core.admit('a', { announcedBytes: 10 }).run(parts(50)), TOO_MANY)
    core.admit('b', { announcedBytes: 40 })
  })

  it('count a body that came in chunks when it is there', async () => {
    core.admit('a', { announcedBytes: 60 })
    await assert.rejects(core.admit('b').run(parts(50)), TOO_MANY)
    void core.admit('b').run(parts(40))
    assert.throws(() => core.admit('a', { announcedBytes: 1 }), TOO_MANY)
  })

  it('leave the version free to unload after a refusal', async () => {
    const first = core.admit('a', { announcedBytes: 80 })
    assert.throws(() => core.admit('b', { announcedBytes: 30 }), TOO_MANY)
    first.cancel()
    await core.controlPlane.unregister({ name: 'b' })
    await core.clock.advance(0)
    assert.equal(core.workers.alive.length, 1)
  })
})
