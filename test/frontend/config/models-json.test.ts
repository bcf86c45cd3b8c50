import assert from 'node:assert/strict'
import { modelsJson } from '../../../frontend/config/models-json.ts'

const FULL = {
  defaultVersion: true,
  marName: 'm.mar',
  minWorkers: 1,
  maxWorkers: 2,
  batchSize: 4,
  maxBatchDelay: 100,
  responseTimeout: 120,
  startupTimeout: 60,
  runtimeType: 'python',
  parallelLevel: 1,
}
const FULL_SETTINGS = {
  minWorkers: 1,
  maxWorkers: 2,
  maxBatchRows: 4,
  maxBatchDelayMs: 100,
  inferenceTimeoutMs: 120_000,
  startupTimeoutMs: 60_000,
}
const declared = { name: 'm', version: '1.0', archive: 'm.mar', isDefault: true, settings: FULL_SETTINGS }

const READ = [
  { it: 'every member, in our units', value: { m: { '1.0': FULL } }, expected: [declared] },
  {
    it: 'a snapshot of TorchServe',
    value: { name: 's.cfg', modelCount: 1, created: 1, models: { m: { '1.0': FULL } } },
    expected: [declared],
  },
  {
    it: 'a snapshot that a person wrote, as for KServe',
    value: { name: 'startup.cfg', modelCount: 1, models: { m: { '1.0': FULL } } },
    expected: [declared],
  },
  {
    it: 'a version that says nothing more than its archive',
    value: { m: { '2.0': { marName: 'm.mar' } } },
    expected: [{ ...declared, version: '2.0', isDefault: false, settings: {} }],
  },
  { it: 'no model', value: {}, expected: [] },
]

const REFUSED = [
  { it: 'what is no JSON', text: '{', message: /at the top: / },
  { it: 'a version without archive', text: '{"m":{"1":{}}}', message: /at m\.1\.marName: / },
  {
    it: 'a misspelt member',
    text: '{"m":{"1":{"marName":"a","minWorker":1}}}',
    message: /at m\.1: .*"minWorker"/,
  },
  {
    it: 'a word for a number',
    text: '{"m":{"1":{"marName":"a","batchSize":"4"}}}',
    message: /at m\.1\.batchSize: /,
  },
  {
    it: 'a parallel model',
    text: '{"m":{"1":{"marName":"a","parallelLevel":2}}}',
    message: /spread over processes/,
  },
]

describe('the models property', () => {
  for (const c of READ) {
    it(`reads ${c.it}`, () => assert.deepEqual(modelsJson.parse(JSON.stringify(c.value)), c.expected))
  }
  for (const c of REFUSED) {
    it(`refuses ${c.it}`, () => {
      assert.equal(modelsJson.parse(c.text), undefined)
      assert.match(modelsJson.explain?.(c.text) ?? '', c.message)
    })
  }
  it('keeps a model named __proto__ out of the prototypes', () => {
    modelsJson.parse('{"__proto__":{"1":{"marName":"a"}}}')
    assert.equal(Object.hasOwn(Object.prototype, '1'), false)
  })
})
