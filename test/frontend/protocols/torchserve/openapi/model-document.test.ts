import assert from 'node:assert/strict'
import SwaggerParser from '@apidevtools/swagger-parser'
import type { VersionMetadata } from '../../../../../frontend/core/data-plane.ts'
import { modelNotFound, notServing } from '../../../../../frontend/core/errors.ts'
import { DEVICE, DIGITS } from '../../../../support/fake-planes.ts'
import { request, TorchServeFixture } from '../../../../support/torchserve-fixture.ts'

type Body = {
  readonly content: Record<string, { readonly schema: Record<string, unknown>; readonly example?: unknown }>
}
type Document = {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly paths: Record<
    string,
    { readonly post: { readonly requestBody: Body; readonly responses: Record<string, Body> } }
  >
}

const IRIS: VersionMetadata = {
  model: { name: 'iris', version: '2.0' },
  handler: 'tensor',
  envelope: 'none',
  inputs: [
    { name: 'x', dtype: 'FP32', shape: ['batch', 2] },
    { name: 'words', dtype: 'BYTES', shape: [-1] },
  ],
  outputs: [{ name: 'y', dtype: 'INT64', shape: ['batch'] }],
  handlesTensors: true,
  hasRows: true,
  versions: ['1.0'],
  maxBatchRows: 8,
  device: DEVICE,
}

const FLOAT = { anyOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }] }
const ROW = { type: 'array', items: FLOAT, minItems: 2, maxItems: 2 }

describe('the description of a model', function () {
  this.timeout(20_000) // the validator is slow

  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  /** Reads the document and validates it; the validator changes what it is given. */
  async function describeModel(path = '/predictions/iris'): Promise<Document> {
    const { status, text } = await server.infer(path, { method: 'OPTIONS' })
    assert.equal(status, 200, text)
    await SwaggerParser.validate(JSON.parse(text) as Parameters<typeof SwaggerParser.validate>[0])
    return JSON.parse(text) as Document
  }

  async function requestBody(metadata: VersionMetadata): Promise<Body['content']> {
    server.dataPlane.currentMetadata = metadata
    const { paths } = await describeModel()
    return paths['/predictions/iris']?.post.requestBody.content ?? {}
  }

  it('names its paths and its version', async () => {
    server.dataPlane.currentMetadata = IRIS
    const { info, paths } = await describeModel()
    assert.deepEqual(info, { title: 'RESTful API for: iris', version: '2.0' })
    assert.deepEqual(Object.keys(paths), ['/predictions/iris', '/predictions/iris/2.0'])
  })

  it('names the path of KServe where that takes the same body', async () => {
    server.dataPlane.currentMetadata = { ...IRIS, handlesTensors: false }
    const { paths } = await describeModel()
    assert.ok('/v1/models/iris:predict' in paths)
  })

  it('has the inputs of the graph, by name, with their types and sizes', async () => {
    const content = await requestBody(IRIS)
    assert.deepEqual(content['application/json']?.schema, {
      type: 'object',
      properties: {
        x: {
          title: 'x',
          description: 'FP32 of shape [batch, 2]',
          anyOf: [{ type: 'array', items: ROW }, ROW],
        },
        words: {
          title: 'words',
          description: 'BYTES of shape [-1]',
          anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'string' }],
        },
      },
      required: ['x', 'words'],
      additionalProperties: false,
    })
  })

  it('shows a request that the model takes', async () => {
    const content = await requestBody(IRIS)
    assert.deepEqual(content['application/json']?.example, { x: [[0, 0]], words: ['text'] })
  })

  it('shows none that would be too long to read', async () => {
    const image = { name: 'x', dtype: 'FP32', shape: ['n', 3, 224, 224] } as const
    const content = await requestBody({ ...IRIS, inputs: [image] })
    assert.equal('example' in (content['application/json'] ?? {}), false)
  })

  it('takes the rows without a name where there is one input', async () => {
    const content = await requestBody({ ...IRIS, inputs: IRIS.inputs.slice(0, 1) })
    const { anyOf } = content['application/json']?.schema as { anyOf: Record<string, unknown>[] }
    assert.deepEqual(
      anyOf.map(({ type }) => type),
      ['object', 'array'],
    )
  })

  it('takes each input as a form field', async () => {
    const content = await requestBody(IRIS)
    for (const type of ['multipart/form-data', 'application/x-www-form-urlencoded']) {
      assert.deepEqual(content[type]?.schema['required'], ['x', 'words'])
    }
  })

  it('has the outputs of the graph as its answer', async () => {
    server.dataPlane.currentMetadata = IRIS
    const { paths } = await describeModel()
    const answer = paths['/predictions/iris']?.post.responses['200']?.content['application/json']?.schema
    assert.deepEqual(answer?.['required'], ['y'])
  })

  const HANDLERS = [
    { handler: 'image_classifier', types: ['image/jpeg', 'image/png', 'image/webp', 'multipart/form-data'] },
    { handler: 'text_classifier', types: ['text/plain', 'application/json'] },
    { handler: 'handler.mjs', types: ['*/*'] },
  ]
  for (const { handler, types } of HANDLERS) {
    it(`lets ${handler} take ${types.join(', ')}`, async () => {
      assert.deepEqual(Object.keys(await requestBody({ ...IRIS, handler })), types)
    })
  }

  const ENVELOPES = [
    { envelope: 'json', request: 'instances', answer: 'predictions' },
    { envelope: 'kserve', request: 'instances', answer: 'predictions' },
    { envelope: 'kservev2', request: 'inputs', answer: 'outputs' },
  ] as const
  for (const { envelope, request: inside, answer } of ENVELOPES) {
    it(`has the envelope ${envelope} around the bodies`, async () => {
      const content = await requestBody({ ...IRIS, envelope })
      assert.deepEqual(content['application/json']?.schema['required'], [inside])
      const { paths } = await describeModel()
      const ok = paths['/predictions/iris']?.post.responses['200']
      assert.deepEqual(ok?.content['application/json']?.schema['required'], [answer])
    })
  }

  it('has the schemas that a handler declares', async () => {
    const schema = { type: 'object', properties: { flower: { const: 'iris' } } }
    const content = await requestBody({ ...IRIS, handler: 'handler.mjs', schemas: { request: schema } })
    assert.deepEqual(content, { 'application/json': { schema } })
  })

  it('says that it cannot know before a worker has loaded the model', async () => {
    server.dataPlane.currentMetadata = notServing(DIGITS, 'loading', 'no worker has loaded it yet', 1000)
    const { info, paths } = await describeModel()
    assert.match(info.description ?? '', /No worker has loaded the model/)
    assert.deepEqual(Object.keys(paths), ['/predictions/iris'])
  })

  it('is 404 for an unknown model', async () => {
    server.dataPlane.currentMetadata = modelNotFound('cats', [])
    assert.equal((await server.infer('/predictions/cats', { method: 'OPTIONS' })).status, 404)
  })

  it('on the management address has the routes of a model only', async () => {
    const { text } = await request(`${server.managementUrl}/models/digits`, { method: 'OPTIONS' })
    await SwaggerParser.validate(JSON.parse(text) as Parameters<typeof SwaggerParser.validate>[0])
    const { info, paths } = JSON.parse(text) as Document
    assert.equal(info.title, 'RESTful Management API for: digits')
    assert.deepEqual(Object.keys(paths), [
      '/models/{model_name}/{model_version}/set-default',
      '/models/{model_name}',
      '/models/{model_name}/{model_version}',
    ])
  })
})
