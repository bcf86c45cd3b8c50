import assert from 'node:assert/strict'
import { registryText } from '../../../frontend/core/registry-text.ts'
import type { RegistryState, VersionRecord } from '../../../frontend/core/snapshot.ts'

const plain: VersionRecord = { version: '1.0', archive: 'm.mar', digest: 'd1', settings: {} }
const full: VersionRecord = {
  ...plain,
  version: '2.0',
  handler: 'h.js',
  integer: '7',
  settings: { minWorkers: 2, handler: { labels: ['a "b"', 'ü', '\u2028'] } },
}

describe('registryText', () => {
  const STATES: readonly (readonly [it: string, state: RegistryState])[] = [
    ['no model', { models: [] }],
    ['one version', { models: [{ name: 'm', defaultVersion: '1.0', versions: [plain] }] }],
    [
      'models with labels and several versions',
      {
        models: [
          {
            name: 'a\n',
            defaultVersion: '2.0',
            labels: { stable: '1.0', 10: '2.0', 9: '2.0' },
            versions: [plain, full],
          },
          { name: 'b', defaultVersion: '2.0', versions: [full] },
        ],
      },
    ],
  ]
  for (const [claim, state] of STATES) {
    it(`is what its own parse is written as: ${claim}`, () => {
      const text = registryText(state)
      assert.deepEqual(JSON.parse(text), state)
      assert.equal(JSON.stringify(JSON.parse(text)), text)
    })
  }

  it('has the settings of a record that took the place of another', () => {
    const stateOf = (record: VersionRecord) => ({
      models: [{ name: 'm', defaultVersion: '1.0', versions: [record] }],
    })
    const before = registryText(stateOf(plain))
    const after = registryText(stateOf({ ...plain, settings: { minWorkers: 3 } }))
    assert.equal(after, before.replace('"settings":{}', '"settings":{"minWorkers":3}'))
  })
})
