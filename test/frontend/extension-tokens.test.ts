import assert from 'node:assert/strict'
import { SecuredFixture } from '../support/secured-fixture.ts'
import { tokenText } from '../support/tokens.ts'

const INFERENCE = tokenText('inference')
const MANAGEMENT = tokenText('management')

const MANAGING = [
  'POST /v2/repository/index',
  'POST /v2/repository/mine/index',
  'POST /v2/repository/models/digits/load',
  'POST /v2/repository/mine/models/digits/load',
  'POST /v2/repository/models/digits/unload',
  'POST /v2/repository/mine/models/digits/unload',
  'GET /v2/logging',
  'POST /v2/logging',
  'GET /v2/trace/setting',
  'POST /v2/trace/setting',
  'GET /v2/models/digits/trace/setting',
  'POST /v2/models/digits/trace/setting',
]
const INFERRING = [
  'GET /v2/models/stats',
  'GET /v2/models/digits/stats',
  'GET /v2/models/digits/versions/1.0/stats',
  'GET /v2/models/digits/config',
  'GET /v2/models/digits/versions/1.0/config',
  'POST /v2/models/digits/generate',
  'POST /v2/models/digits/versions/1.0/generate',
  'POST /v2/models/digits/generate_stream',
  'POST /v2/models/digits/versions/1.0/generate_stream',
]

describe('tokens on the routes of the extensions', () => {
  let fixture: SecuredFixture

  before(async () => {
    fixture = await SecuredFixture.open({
      environment: { ONNXSERVE_INFERENCE_TOKEN: INFERENCE, ONNXSERVE_MANAGEMENT_TOKEN: MANAGEMENT },
    })
  })
  after(() => fixture.close())

  async function statusOf(route: string, token?: string): Promise<number> {
    const [method = '', path = ''] = route.split(' ')
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(`${fixture.urls.inference}${path}`, {
      method,
      headers,
      ...(method === 'POST' ? { body: '{}' } : {}),
    })
    await response.text()
    return response.status
  }

  for (const route of MANAGING) {
    it(`${route} asks for one of management`, async () => {
      assert.deepEqual([await statusOf(route), await statusOf(route, INFERENCE)], [401, 403])
      assert.ok(![401, 403].includes(await statusOf(route, MANAGEMENT)))
    })
  }
  for (const route of INFERRING) {
    it(`${route} asks for one of inference`, async () => {
      assert.equal(await statusOf(route), 401)
      assert.ok(![401, 403].includes(await statusOf(route, INFERENCE)))
    })
  }
})
