import assert from 'node:assert/strict'
import { modelNotFound, notServing } from '../../../../frontend/core/errors.ts'
import { ExtensionsFixture } from '../../../support/extensions-fixture.ts'
import { DIGITS } from '../../../support/fake-planes.ts'

describe('the route of the configuration', () => {
  let fixture: ExtensionsFixture

  beforeEach(async () => {
    fixture = await ExtensionsFixture.open()
  })
  afterEach(() => fixture.close())

  for (const path of ['/v2/models/digits/config', '/v2/models/digits/versions/1.0/config']) {
    it(`answers at ${path}`, async () => {
      const { status, body } = await fixture.ask('GET', path)
      assert.equal(status, 200)
      const { name, platform } = body as Record<string, unknown>
      assert.deepEqual({ name, platform }, { name: 'digits', platform: 'onnxruntime_onnx' })
      assert.deepEqual(fixture.controlPlane.calls, [['describe', DIGITS]])
    })
  }

  const FAILURES = [
    { it: 'knows no configuration of an unknown model', error: modelNotFound('digits', []), status: 404 },
    {
      it: 'waits for a model that loads',
      error: notServing(DIGITS, 'loading', 'no worker has loaded it yet', 1000),
      status: 503,
    },
  ]
  for (const { it: claim, error, status } of FAILURES) {
    it(claim, async () => {
      fixture.dataPlane.currentMetadata = error
      const answer = await fixture.ask('GET', '/v2/models/digits/config')
      assert.equal(answer.status, status)
      assert.deepEqual(answer.body, { error: error.message })
    })
  }
})
