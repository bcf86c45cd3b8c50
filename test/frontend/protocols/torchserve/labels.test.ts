import assert from 'node:assert/strict'
import { labelNotFound } from '../../../../frontend/core/errors.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

describe('label routes', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  const CALLS = [
    {
      method: 'PUT',
      path: '/models/digits/labels/stable/2.0',
      call: ['setLabel', { name: 'digits', version: '2.0' }, 'stable'],
      text: 'Label "stable" of model "digits" points to version 2.0',
    },
    {
      method: 'DELETE',
      path: '/models/digits/labels/stable',
      call: ['removeLabel', 'digits', 'stable'],
      text: 'Label "stable" of model "digits" removed',
    },
  ]
  for (const { method, path, call, text } of CALLS) {
    it(`understands ${method} ${path}`, async () => {
      const answer = await server.manage(method, path)
      assert.equal(answer.status, 200)
      assert.deepEqual(JSON.parse(answer.text), { status: text })
      assert.deepEqual(server.controlPlane.calls, [call])
    })

    it(`takes no parameters at ${method} ${path}`, async () => {
      assert.equal((await server.manage(method, `${path}?x=1`)).status, 400)
      assert.deepEqual(server.controlPlane.calls, [])
    })
  }

  it('answers 404 for a label that is not there', async () => {
    server.controlPlane.failure = labelNotFound('digits', 'x', { stable: '1.0' })
    const { status, text } = await server.manage('DELETE', '/models/digits/labels/x')
    assert.equal(status, 404)
    assert.match(text, /no label 'x'; its labels are: stable \(1.0\)/)
  })
})
