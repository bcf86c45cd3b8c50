import assert from 'node:assert/strict'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { ExtensionsFixture } from '../../../support/extensions-fixture.ts'

const CONFIG = JSON.stringify({ max_batch_size: 4 })

describe('the routes of the model repository', () => {
  let fixture: ExtensionsFixture

  beforeEach(async () => {
    fixture = await ExtensionsFixture.open()
  })
  afterEach(() => fixture.close())

  describe('index', () => {
    beforeEach(() => {
      fixture.controlPlane.entries = [
        { name: 'bad', version: '1', state: 'failed', reason: 'no graph' },
        { name: 'digits', version: '1.0', state: 'ready' },
        { name: 'gone', version: '1', state: 'unloaded' },
        { name: 'never' },
        { name: 'soon', version: '2', state: 'loading' },
        { name: 'was', version: '2', state: 'draining' },
      ]
    })

    for (const body of [undefined, {}, { ready: false }]) {
      it(`lists every model for ${JSON.stringify(body)}`, async () => {
        const answer = await fixture.ask('POST', '/v2/repository/index', body)
        assert.equal(answer.status, 200)
        assert.deepEqual(answer.body, [
          { name: 'bad', version: '1', state: 'UNAVAILABLE', reason: 'no graph' },
          { name: 'digits', version: '1.0', state: 'READY' },
          { name: 'gone', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
          { name: 'never' },
          { name: 'soon', version: '2', state: 'LOADING' },
          { name: 'was', version: '2', state: 'UNLOADING' },
        ])
      })
    }

    it('lists only what can answer', async () => {
      const answer = await fixture.ask('POST', '/v2/repository/index', { ready: true })
      assert.deepEqual(answer.body, [{ name: 'digits', version: '1.0', state: 'READY' }])
    })

    const deep: unknown = JSON.parse('['.repeat(400) + ']'.repeat(400))
    for (const ready of [1, 'true', null, deep]) {
      it(`refuses a ready that is ${JSON.stringify(ready).slice(0, 20)}`, async () => {
        const answer = await fixture.ask('POST', '/v2/repository/index', { ready })
        assert.equal(answer.status, 400)
        assert.match((answer.body as { error: string }).error, /^\/ready is /)
      })
    }
  })

  const LOADED = [
    { body: undefined, request: { name: 'm' } },
    { body: {}, request: { name: 'm' } },
    { body: { parameters: {} }, request: { name: 'm' } },
    { body: { parameters: { config: CONFIG } }, request: { name: 'm', config: { max_batch_size: 4 } } },
    {
      body: { parameters: { config: '{}', 'file:1/model.onnx': 'AQI=' } },
      request: { name: 'm', config: {}, files: new Map([['1/model.onnx', Buffer.of(1, 2)]]) },
    },
  ]
  for (const { body, request } of LOADED) {
    it(`loads with ${JSON.stringify(body)}`, async () => {
      const answer = await fixture.ask('POST', '/v2/repository/models/m/load', body)
      assert.deepEqual([answer.status, answer.body], [200, { name: 'm', load: true }])
      assert.deepEqual(fixture.controlPlane.calls, [['load', request]])
    })
  }

  for (const body of [undefined, { parameters: { unload_dependents: true } }]) {
    it(`unloads with ${JSON.stringify(body)}`, async () => {
      const answer = await fixture.ask('POST', '/v2/repository/models/m/unload', body)
      assert.deepEqual([answer.status, answer.body], [200, { name: 'm', unload: true }])
      assert.deepEqual(fixture.controlPlane.calls, [['unload', { name: 'm' }]])
    })
  }

  const FILE = '1/model.onnx'
  const REFUSED = [
    { call: 'load', parameters: [], says: /^\/parameters is an array/ },
    {
      call: 'load',
      parameters: { configs: '{}' },
      says: /^\/parameters\/configs is unknown, expected 'config'/,
    },
    { call: 'load', parameters: { config: {} }, says: /^\/parameters\/config is an object/ },
    {
      call: 'load',
      parameters: { config: '{' },
      says: /^\/parameters\/config is no model config.*: it is not/,
    },
    { call: 'load', parameters: { config: '[]' }, says: /^\/parameters\/config is no model configuration/ },
    { call: 'load', parameters: { [`file:${FILE}`]: 'AQI=' }, says: /has files and no 'config'/ },
    ...[
      'file:',
      'file:x',
      'file:../x',
      'file:1/../../x',
      'file:/etc/x',
      'file:1/..\\x',
      'file:1//x',
      'file:1/.',
    ].map((key) => ({
      call: 'load',
      parameters: { config: '{}', [key]: 'AQI=' },
      says: /names no file of the model/,
    })),
    ...['A', 'AQI', 'A*I=', '====', 7].map((content) => ({
      call: 'load',
      parameters: { config: '{}', [`file:${FILE}`]: content },
      says: /expected the content of the file in base64/,
    })),
    { call: 'unload', parameters: { force: true }, says: /^\/parameters\/force is unknown/ },
    { call: 'unload', parameters: { unload_dependents: 1 }, says: /^\/parameters\/unload_dependents is 1/ },
  ]
  for (const { call, parameters, says } of REFUSED) {
    it(`refuses to ${call} with ${JSON.stringify(parameters)}, and asks for nothing`, async () => {
      const answer = await fixture.ask('POST', `/v2/repository/models/m/${call}`, { parameters })
      assert.equal(answer.status, 400)
      assert.match((answer.body as { error: string }).error, says)
      assert.deepEqual(fixture.controlPlane.calls, [])
    })
  }

  for (const path of ['index', 'models/m/load', 'models/m/unload']) {
    it(`knows no other repository: ${path}`, async () => {
      const answer = await fixture.ask('POST', `/v2/repository/mine/${path}`)
      assert.equal(answer.status, 501)
      assert.deepEqual(fixture.controlPlane.calls, [])
    })
  }

  const FAILURES = [
    { code: 'failed_precondition', status: 409 },
    { code: 'not_found', status: 404 },
    { code: 'invalid_argument', status: 400 },
  ] as const
  for (const { code, status } of FAILURES) {
    it(`answers ${status} where core says ${code}`, async () => {
      fixture.controlPlane.failure = new ServingError(code, 'because')
      for (const call of ['load', 'unload']) {
        const answer = await fixture.ask('POST', `/v2/repository/models/m/${call}`)
        assert.deepEqual([answer.status, answer.body], [status, { error: 'because' }])
      }
    })
  }
})
