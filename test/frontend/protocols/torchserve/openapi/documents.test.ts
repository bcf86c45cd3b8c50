import assert from 'node:assert/strict'
import SwaggerParser from '@apidevtools/swagger-parser'
import { COMPATIBILITIES } from '../../../../../frontend/protocols/torchserve/quirks.ts'
import { request, TorchServeFixture } from '../../../../support/torchserve-fixture.ts'

type Document = {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>
}

/** Parses and validates; the validator changes what it is given. */
async function valid(text: string): Promise<Document> {
  await SwaggerParser.validate(JSON.parse(text) as Parameters<typeof SwaggerParser.validate>[0])
  return JSON.parse(text) as Document
}

const ADDRESSES = ['inference', 'management', 'metrics'] as const

describe('the description of an address', function () {
  this.timeout(20_000) // the validator is slow

  for (const compatibility of COMPATIBILITIES) {
    describe(`with compatibility=${compatibility}`, () => {
      let server: TorchServeFixture
      before(async () => {
        server = await TorchServeFixture.open(compatibility)
      })
      after(() => server.close())

      const read = (address: (typeof ADDRESSES)[number], method: string, path: string) =>
        request(`${server[`${address}Url`]}${path}`, { method })

      for (const address of ADDRESSES) {
        it(`is a valid OpenAPI 3.1 document of ${address}, with unique operation ids`, async () => {
          const { status, text } = await read(address, 'OPTIONS', '/')
          assert.equal(status, 200)
          const { openapi, info, paths } = await valid(text)
          assert.deepEqual([openapi, info.version], ['3.1.0', '1.2.3'])
          const ids = Object.values(paths).flatMap((item) =>
            Object.values(item).map(({ operationId }) => operationId),
          )
          assert.deepEqual([...new Set(ids)], ids)
        })

        it(`is the same at /api-description of ${address}`, async () => {
          const atRoot = await read(address, 'OPTIONS', '/')
          assert.equal((await read(address, 'GET', '/api-description')).text, atRoot.text)
        })
      }
    })
  }

  describe('has', () => {
    let server: TorchServeFixture
    before(async () => {
      server = await TorchServeFixture.open()
    })
    after(() => server.close())

    for (const address of ADDRESSES) {
      it(`every route of ${address}, and no other`, async () => {
        const url = server[`${address}Url`]
        const { paths } = JSON.parse((await request(url, { method: 'OPTIONS' })).text) as Document
        const described = Object.entries(paths).flatMap(([path, item]) =>
          Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
        )
        const index = JSON.parse((await request(url, {})).text) as { routes: string[] }
        assert.deepEqual(described.sort(), index.routes.flatMap(variants).sort())
      })
    }

    const IDS = [
      { address: 'inference', call: 'post /predictions/{model_name}', id: 'predictions' },
      {
        address: 'inference',
        call: 'post /predictions/{model_name}/{model_version}',
        id: 'version_predictions',
      },
      { address: 'inference', call: 'get /ping', id: 'ping' },
      { address: 'inference', call: 'options /', id: 'apiDescription' },
      { address: 'management', call: 'get /models', id: 'listModels' },
      { address: 'management', call: 'post /models', id: 'registerModel' },
      {
        address: 'management',
        call: 'delete /models/{model_name}/{model_version}',
        id: 'version_unregisterModel',
      },
      {
        address: 'management',
        call: 'put /models/{model_name}/{model_version}/set-default',
        id: 'setDefault',
      },
      { address: 'metrics', call: 'get /metrics', id: 'metrics' },
    ] as const
    for (const { address, call, id } of IDS) {
      it(`TorchServe's name ${id} for ${call}`, async () => {
        const [method = '', path = ''] = call.split(' ')
        const { text } = await request(server[`${address}Url`], { method: 'OPTIONS' })
        const { paths } = JSON.parse(text) as Document
        assert.equal(paths[path]?.[method]?.operationId, id)
      })
    }

    it('the parameters of a registration as they are read', async () => {
      const { text } = await request(server.managementUrl, { method: 'OPTIONS' })
      const document = JSON.parse(text) as { paths: Record<string, Record<string, { parameters: object[] }>> }
      const parameters = document.paths['/models']?.['post']?.parameters ?? []
      const batchSize = parameters.find((parameter) => 'name' in parameter && parameter.name === 'batch_size')
      assert.deepEqual(batchSize, {
        name: 'batch_size',
        in: 'query',
        description: 'Expected: an integer from 1 to 65536.',
        schema: { type: 'integer', minimum: 1, maximum: 65_536 },
      })
    })
  })

  it('goes with the methods of the path', async () => {
    const server = await TorchServeFixture.open()
    const reply = await server.infer('/predictions/digits', { method: 'OPTIONS' })
    await server.close()
    assert.deepEqual([reply.status, reply.headers.get('allow')], [200, 'POST, PUT, OPTIONS'])
  })
})

/** `GET /models/{model}[/{version}]` as the paths of a document. */
function variants(route: string): string[] {
  const named = route
    .replace('{model}', '{model_name}')
    .replace('{version}', '{model_version}')
    .replace('{workflow}', '{workflow_name}')
  return named.includes('[') ? [named.replace(/\[.*\]/, ''), named.replace(/[[\]]/g, '')] : [named]
}
