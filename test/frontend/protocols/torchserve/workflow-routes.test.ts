import assert from 'node:assert/strict'
import { request, TorchServeFixture } from '../../../support/torchserve-fixture.ts'

describe('workflows', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  const CASES = [
    {
      at: 'inference',
      call: 'POST /wfpredict/dogs',
      status: 404,
      body: /"WorkflowNotFoundException"[^]*'dogs'/,
    },
    {
      at: 'management',
      call: 'POST /workflows?url=dogs.war',
      status: 400,
      body: /workflows cannot be registered/,
    },
    { at: 'management', call: 'GET /workflows', status: 200, body: /^\{\s*"workflows": \[\]\s*\}\s*$/ },
    { at: 'management', call: 'GET /workflows/dogs', status: 404, body: /WorkflowNotFoundException/ },
    { at: 'management', call: 'DELETE /workflows/dogs', status: 404, body: /WorkflowNotFoundException/ },
  ] as const
  for (const { at, call, status, body } of CASES) {
    it(`answer ${status} to ${call}, for there are none`, async () => {
      const [method = '', path = ''] = call.split(' ')
      const url = at === 'inference' ? server.inferenceUrl : server.managementUrl
      const reply = await request(`${url}${path}`, { method })
      assert.equal(reply.status, status)
      assert.match(reply.text, body)
    })
  }
})
