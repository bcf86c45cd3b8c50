import assert from 'node:assert/strict'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

describe('devices of a registration', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  const TAKEN = [
    {
      query: 'execution_providers=tensorrt,cuda&device_ids=1,0',
      settings: { executionProviders: ['tensorrt', 'cuda'], deviceIds: [1, 0] },
    },
    { query: 'execution_providers=auto', settings: { executionProviders: 'auto' } },
    { query: 'device_ids=2', settings: { deviceIds: [2] } },
  ]
  for (const { query, settings } of TAKEN) {
    it(`are read from ${query}`, async () => {
      const { status } = await server.manage('POST', `/models?url=d.mar&${query}`)
      assert.equal(status, 200)
      assert.deepEqual(server.controlPlane.calls, [
        ['register', { archive: 'd.mar', settings, synchronous: true }],
      ])
    })
  }

  const REFUSED = [
    {
      query: 'execution_providers=cuda,rocm',
      message: /'execution_providers' is 'cuda,rocm'; expected auto, or names of tensorrt, cuda, webgpu, cpu/,
    },
    { query: 'execution_providers=', message: /'execution_providers' is ''; expected auto, or names of/ },
    {
      query: 'device_ids=0,64',
      message: /'device_ids' is '0,64'; expected numbers of GPUs from 0 to 63 separated by commas/,
    },
    { query: 'device_ids=-1', message: /'device_ids' is '-1'; expected numbers of GPUs/ },
  ]
  for (const { query, message } of REFUSED) {
    it(`are refused as ${query}`, async () => {
      const { status, text } = await server.manage('POST', `/models?url=d.mar&${query}`)
      assert.equal(status, 400)
      assert.match((JSON.parse(text) as { message: string }).message, message) // an error body
      assert.deepEqual(server.controlPlane.calls, [])
    })
  }
})
