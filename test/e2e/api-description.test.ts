import assert from 'node:assert/strict'
import SwaggerParser from '@apidevtools/swagger-parser'
import { packTestArchive } from '../support/archives.ts'
import { http } from '../support/http-client.ts'
import { mlp } from '../support/mlp.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

const GREETER = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  schemas: {
    request: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    response: { type: 'object', properties: { greeting: { type: 'string' } } },
  },
  handle(requests) {
    return requests.map((request) => ({ greeting: 'hello ' + request.json().name }))
  },
})
`

type Content = Readonly<Record<string, { readonly schema: unknown; readonly example?: unknown }>>
type Document = {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post: {
          readonly requestBody: { readonly content: Content }
          readonly responses: Record<string, { content: Content }>
        }
      }
    >
  >
}

describe('the description of the API', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    await packTestArchive(modelStore, { modelName: 'greeter', handler: GREETER })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  async function documentAt(url: string): Promise<Document> {
    const { status, text } = await http(url, { method: 'OPTIONS' })
    assert.equal(status, 200, text)
    await SwaggerParser.validate(JSON.parse(text) as Parameters<typeof SwaggerParser.validate>[0])
    return JSON.parse(text) as Document
  }

  it('is valid for every address', async () => {
    for (const address of [server.inference, server.management, server.metrics])
      await documentAt(`${address}/`)
  })

  it('has a request that the model really takes, made from its graph', async () => {
    const url = `${server.inference}/predictions/tiny`
    const { paths } = await documentAt(url)
    const { example } = paths['/predictions/tiny']?.post.requestBody.content['application/json'] ?? {}
    assert.deepEqual(example, { x: [[0, 0, 0, 0]] })
    const headers = { 'content-type': 'application/json' }
    const answer = await http(url, { method: 'POST', body: JSON.stringify(example), headers })
    assert.equal(answer.status, 200)
    assert.deepEqual(Object.keys(JSON.parse(answer.text) as object), ['y'])
  })

  it('has the schemas that a handler declares', async () => {
    const { paths } = await documentAt(`${server.inference}/predictions/greeter`)
    const { requestBody, responses } = paths['/predictions/greeter']?.post ?? {}
    assert.deepEqual(requestBody?.content['application/json']?.schema, {
      type: 'object',
      properties: { name: { type: 'string' } },
      required: ['name'],
    })
    assert.deepEqual(responses?.['200']?.content['application/json']?.schema, {
      type: 'object',
      properties: { greeting: { type: 'string' } },
    })
  })
})
