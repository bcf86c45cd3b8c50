import assert from 'node:assert/strict'
import { OTHER_CASES } from './other-cases.ts'
import { PREDICT_CASES, REFUSED_CASES } from './predict-cases.ts'
import { TfServingServer } from './tfserving-server.ts'

describe('TensorFlow Serving’s REST API', function () {
  this.timeout(60_000)
  let server: TfServingServer

  before(async () => {
    server = await TfServingServer.start()
  })

  after(async () => {
    await server.stop()
  })

  for (const c of [...PREDICT_CASES, ...REFUSED_CASES, ...OTHER_CASES]) {
    it(`${c.it}: ${c.path}`, async () => {
      const { path, body, headers = {}, status = 200, text, answer = {} } = c
      const reply = await server.ask(`/v1/models${path === '' ? '' : `/${path}`}`, {
        headers,
        ...(body === undefined ? {} : { method: 'POST', body }),
      })
      assert.equal(reply.status, status, reply.text)
      assert.match(reply.text, typeof text === 'string' ? exactly(text) : text)
      const shown = Object.fromEntries(Object.keys(answer).map((name) => [name, reply.headers[name]]))
      assert.deepEqual(shown, answer)
    })
  }

  it('fails none of its neighbours for a bad request', async () => {
    const bodies = ['{"instances":[1]}', '{"instances":[[1]]}', '{"instances":[2,3]}', '{"instances":["a"]}']
    const replies = await Promise.all(
      bodies.map((body) => server.ask('/v1/models/half:predict', { method: 'POST', body })),
    )
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 400, 200, 400],
    )
  })
})

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
}
