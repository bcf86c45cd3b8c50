import assert from 'node:assert/strict'
import { tensorModel, TfServingFixture } from '../../../support/tfserving-fixture.ts'

const PREDICT = '/v1/models/digits:predict'
const ATTRIBUTES = { specversion: '1.0', id: 'a-1', source: '/tests', type: 'rows' }
const DATA = { instances: [[1, 2]] }
const BINARY = Object.fromEntries(Object.entries(ATTRIBUTES).map(([name, value]) => [`ce-${name}`, value]))
const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' }

describe('a prediction in a CloudEvent', () => {
  let server: TfServingFixture
  beforeEach(async () => {
    server = await TfServingFixture.open()
  })
  afterEach(() => server.close())

  it('of binary mode is answered by one', async () => {
    const { status, headers, text } = await server.post(PREDICT, DATA, { headers: BINARY })
    assert.deepEqual([status, text], [200, '{"predictions":[[1.0,2.0]]}'])
    const shown = ['specversion', 'source', 'type'].map((name) => headers.get(`ce-${name}`))
    assert.deepEqual(shown, ['1.0', 'io.kserve.inference.digits', 'io.kserve.inference.response'])
    assert.match(headers.get('ce-id') ?? '', /^[0-9a-f-]{36}$/)
    assert.match(headers.get('content-type') ?? '', /^application\/json/)
  })

  it('of structured mode is answered by one', async () => {
    const { status, headers, text } = await server.post(
      PREDICT,
      { ...ATTRIBUTES, data: DATA },
      { headers: STRUCTURED },
    )
    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'application/cloudevents+json')
    const { id, time, ...event } = JSON.parse(text) as Record<string, unknown>
    assert.match(String(id), /^[0-9a-f-]{36}$/)
    assert.ok(!Number.isNaN(Date.parse(String(time))))
    assert.deepEqual(event, {
      specversion: '1.0',
      source: 'io.kserve.inference.digits',
      type: 'io.kserve.inference.response',
      datacontenttype: 'application/json',
      data: { predictions: [[1, 2]] },
    })
  })

  it('may have its data in Base64', async () => {
    const event = { ...ATTRIBUTES, data_base64: Buffer.from(JSON.stringify(DATA)).toString('base64') }
    assert.equal((await server.post(PREDICT, event, { headers: STRUCTURED })).status, 200)
  })

  it('is none with some of the headers only', async () => {
    const { headers } = await server.post(PREDICT, DATA, { headers: { 'ce-id': '1' } })
    assert.equal(headers.get('ce-type'), null)
  })

  const REFUSED = [
    { event: { ...ATTRIBUTES, id: 5, data: DATA }, message: /^\/id is 5, a CloudEvent needs a text there/ },
    {
      event: { ...ATTRIBUTES, specversion: '2.0', data: DATA },
      message: /^\/specversion is "2.0", expected "1.0"/,
    },
    { event: ATTRIBUTES, message: /^the CloudEvent has no data/ },
    { event: { ...ATTRIBUTES, data: 5 }, message: /^\/data is no JSON object/ },
    {
      event: { ...ATTRIBUTES, data_base64: '%' },
      message: /^\/data_base64 is not Base64/,
    },
    { event: { ...ATTRIBUTES, data: { instances: [] } }, message: /^\/instances is empty/ },
  ]
  for (const { event, message } of REFUSED) {
    it(`is refused, as plain JSON: ${message.source}`, async () => {
      const { status, headers, text } = await server.post(PREDICT, event, { headers: STRUCTURED })
      assert.equal(status, 400)
      assert.equal(headers.get('content-type'), 'application/json')
      assert.match((JSON.parse(text) as { error: string }).error, message)
    })
  }

  describe('for a handler that decodes it', () => {
    beforeEach(() => {
      server.dataPlane.currentMetadata = tensorModel({ handlesTensors: false })
      server.dataPlane.onRun = undefined
    })

    const MODES = [
      { mode: 'binary', body: DATA, headers: { ...BINARY, 'content-type': 'application/json' } },
      { mode: 'structured', body: { ...ATTRIBUTES, data: DATA }, headers: STRUCTURED },
    ]
    for (const { mode, body, headers } of MODES) {
      it(`of ${mode} mode brings its data to the handler`, async () => {
        const reply = await server.post(PREDICT, body, { headers })
        assert.equal(reply.status, 200)
        const [payload] = server.dataPlane.payloads
        const bytes = Buffer.from(JSON.stringify(DATA))
        assert.deepEqual(payload, {
          kind: 'parts',
          parts: [{ name: 'body', contentType: 'application/json', bytes }],
        })
      })
    }

    it('has the answer of the handler as its data', async () => {
      const { text } = await server.post(PREDICT, { ...ATTRIBUTES, data: DATA }, { headers: STRUCTURED })
      assert.deepEqual((JSON.parse(text) as { data: unknown }).data, { '7': 0.9 })
    })
  })
})
