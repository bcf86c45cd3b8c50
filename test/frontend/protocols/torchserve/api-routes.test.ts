import assert from 'node:assert/strict'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

describe('an address', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  it('shows its routes at its root', async () => {
    const { text } = await server.infer('/', { method: 'GET' })
    const { routes } = JSON.parse(text) as { routes: string[] } // the index
    assert.ok(routes.includes('POST /predictions/{model}[/{version}]'))
    assert.ok(routes.includes('POST /predictions/{model}/{version}/{url_path}'))
  })

  const PRESENCE = [
    { ready: true, body: { name: 'digits', ready: true } },
    { ready: false, body: { name: 'digits', ready: false } },
  ]
  for (const { ready, body } of PRESENCE) {
    it(`of management says ${JSON.stringify(body)} to KServe`, async () => {
      const [version] = server.dataPlane.currentHealth.versions
      assert.ok(version !== undefined)
      server.dataPlane.currentHealth = {
        ...server.dataPlane.currentHealth,
        versions: [{ ...version, ready }],
      }
      const reply = await server.manage('GET', '/v1/models/digits')
      assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, body])
    })
  }

  it('of management answers 404 for a model that KServe asks for in vain', async () => {
    assert.equal((await server.manage('GET', '/v1/models/cats')).status, 404)
  })
})
