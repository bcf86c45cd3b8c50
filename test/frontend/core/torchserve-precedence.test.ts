import assert from 'node:assert/strict'
import type { ModelConfig } from '../../../archiver-cli/format/model-config.ts'
import { withBuiltInTimeouts, withoutOutranked } from '../../../frontend/core/torchserve-precedence.ts'
import { CoreHome } from '../../support/core-fixture.ts'
import { storeArchive } from '../../support/store-archives.ts'

describe('the precedence of TorchServe', () => {
  const OUTRANKED: readonly {
    readonly it: string
    readonly call: ModelConfig
    readonly archive?: ModelConfig
    readonly declared?: ModelConfig
    readonly left: ModelConfig
  }[] = [
    {
      it: 'leaves a call alone where nobody else says anything',
      call: { minWorkers: 2 },
      left: { minWorkers: 2 },
    },
    {
      it: 'takes workers from the archive',
      call: { minWorkers: 2, maxWorkers: 3 },
      archive: { minWorkers: 1 },
      left: {},
    },
    {
      it: 'takes workers from the call before the models property',
      call: { minWorkers: 2 },
      declared: { minWorkers: 1 },
      left: { minWorkers: 2 },
    },
    {
      it: 'takes timeouts from the archive',
      call: { inferenceTimeoutMs: 1, startupTimeoutMs: 2 },
      archive: { inferenceTimeoutMs: 3 },
      left: { startupTimeoutMs: 2 },
    },
    {
      it: 'takes timeouts from the models property before the call',
      call: { inferenceTimeoutMs: 1, startupTimeoutMs: 2 },
      declared: { startupTimeoutMs: 3 },
      left: { inferenceTimeoutMs: 1 },
    },
    {
      it: 'takes sizes and delays of batches from the call',
      call: { maxBatchRows: 1, maxBatchDelayMs: 2 },
      archive: { maxBatchRows: 3, maxBatchDelayMs: 4 },
      left: { maxBatchRows: 1, maxBatchDelayMs: 2 },
    },
  ]
  for (const { it: claim, call, archive = {}, declared, left } of OUTRANKED) {
    it(claim, () => {
      const effective = withoutOutranked(call, archive, declared)
      const said = Object.entries(effective).filter(([, value]) => value !== undefined)
      assert.deepEqual(Object.fromEntries(said), left)
    })
  }

  it('reads 120 s from a configuration that says no timeout, and nothing where there is none', () => {
    const builtIn = { inferenceTimeoutMs: 120_000, startupTimeoutMs: 120_000 }
    assert.deepEqual(withBuiltInTimeouts({}, true), builtIn)
    assert.deepEqual(withBuiltInTimeouts({ startupTimeoutMs: 1 }, true), { ...builtIn, startupTimeoutMs: 1 })
    assert.deepEqual(withBuiltInTimeouts({}, false), {})
  })

  describe('in a server', () => {
    let home: CoreHome
    beforeEach(async () => {
      home = await CoreHome.create()
      await storeArchive(home.modelStore, 'm1', { config: 'minWorkers: 2' })
    })
    afterEach(() => home.remove())

    it('does not outrank scaling, and outlives a restart', async () => {
      const first = await home.started(undefined, { precedence: 'torchserve' })
      assert.equal((await first.register('m1', 1)).workers, 2)
      await first.controlPlane.scale({ model: { name: 'm' }, minWorkers: 3, synchronous: true })
      assert.deepEqual(first.versions(), ['m/1* ready 3'])
      const again = await home.started(undefined, { precedence: 'torchserve' })
      assert.deepEqual(again.versions(), ['m/1* ready 3'])
    })
  })
})
