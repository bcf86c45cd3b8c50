import assert from 'node:assert/strict'
import type { BatchRequest, LoadSpec, RequestPart } from '../../../../worker/contract/messages.ts'
import { NO_LINK } from '../../../../worker/thread/batch-link.ts'
import { answersOf, bodyRequest, partsRequest } from '../../../support/batch-requests.ts'
import { LoadedInstance } from '../../../support/loaded-instance.ts'

describe("handlers in TorchServe's styles", () => {
  const worker = new LoadedInstance()
  afterEach(() => worker.release())

  const load = async (source: string, spec: Partial<LoadSpec> = {}) => {
    return worker.load({ 'handler.mjs': source }, { handler: 'handler.mjs', ...spec })
  }
  const answers = async (source: string, requests: readonly BatchRequest[], spec: Partial<LoadSpec> = {}) => {
    const loaded = await load(source, spec)
    return answersOf(await loaded.instance.run(requests))
  }

  const ECHO = 'handle(data, context) { return data.map((record) => this.greeting + record.body) }'
  const CLASS = `class Mine { initialize(context) { this.greeting = context.modelName + ': ' } ${ECHO} }`
  const STYLES = [
    { it: 'a class by default', source: `export default ${CLASS}` },
    {
      it: 'the only exported class',
      source: `export ${CLASS}; export class Helper {}; export const limit = 5`,
    },
    {
      it: 'a class that is named',
      source: `export ${CLASS}; export class Other { handle() {} }`,
      handler: 'handler.mjs:Mine',
    },
    {
      it: 'a function handle',
      source:
        "export function handle(data, { modelName }) { return data?.map(({ body }) => modelName + ': ' + body) }",
    },
    {
      it: 'a function that is named',
      source:
        "export const predict = async (data) => data === undefined ? undefined : data.map(({ body }) => 'm: ' + body)",
      handler: 'handler.mjs:predict',
    },
  ]
  for (const { it: name, source, handler = 'handler.mjs' } of STYLES) {
    it(`answers a batch with ${name}`, async () => {
      assert.deepEqual(await answers(source, [bodyRequest('a'), bodyRequest('b')], { handler }), [
        'm: a',
        'm: b',
      ])
    })
  }

  it('calls a function once without data when it is loaded', async () => {
    const source = `const calls = []
      export function handle(data) { calls.push(data === undefined ? 'none' : data.length); return data?.map(() => calls) }`
    assert.deepEqual(await answers(source, [bodyRequest('')]), [['none', 1]])
  })

  const REFUSED = [
    {
      it: 'two classes',
      source: 'export class A { handle() {} } export class B { handle() {} }',
      message: /exports the classes 'A' and 'B'; one must be the default export/,
    },
    {
      it: 'a name that is not exported',
      source: 'export function handle() {}',
      handler: 'handler.mjs:predict',
      message: /exports no function 'predict'; it exports 'handle'/,
    },
    {
      it: 'a class whose constructor throws',
      source: "export default class { constructor() { throw new Error('no weights') } handle() {} }",
      message: /threw in the constructor of its class: no weights/,
    },
    {
      it: 'schemas that are none',
      source: "export default class { schemas = { request: 'object' }; handle() {} }",
      message: /has 'schemas' that are not \{ request\?: \{ … \}, response\?: \{ … \} \}/,
    },
    {
      it: 'a function that cannot be called without data',
      source: 'export function handle(data) { return data.map(() => 1) }',
      message: /reading 'map'/,
    },
  ]
  for (const { it: name, source, handler = 'handler.mjs', message } of REFUSED) {
    it(`refuses ${name}`, () => assert.rejects(load(source, { handler }), { message }))
  }

  const SHOW = `export default class {
    handle(data) {
      return data.map((record) => Object.fromEntries(Object.entries(record).map(([name, value]) =>
        [name, Buffer.isBuffer(value) ? 'bytes ' + value : value])))
    }
  }`
  const part = (name: string, text: string, contentType?: string): RequestPart => ({
    name,
    bytes: Buffer.from(text),
    ...(contentType === undefined ? {} : { contentType }),
  })
  const FORM = [
    part('json', '{"a":[1]}', 'application/json; charset=utf-8'),
    part('broken', '{"a"', 'application/json'),
    part('text', 'é', 'text/csv'),
    part('other', 'x', 'image/png'),
    part('plain', 'y'),
    part('twice', 'first'),
    part('twice', 'last'),
  ]

  it('gives each request as a record of its decoded parts, the last of a name counting', async () => {
    assert.deepEqual(await answers(SHOW, [partsRequest(FORM)]), [
      {
        json: { a: [1] },
        broken: 'bytes {"a"',
        text: 'é',
        other: 'bytes x',
        plain: 'bytes y',
        twice: 'bytes last',
      },
    ])
  })

  it('gives bytes only when decoding is off', async () => {
    assert.deepEqual(await answers(SHOW, [partsRequest(FORM.slice(0, 3))], { decodeInputRequest: false }), [
      { json: 'bytes {"a":[1]}', broken: 'bytes {"a"', text: 'bytes é' },
    ])
  })

  it('sets status, headers and content type of each request by its place', async () => {
    const { instance: loaded } = await load(`export default class {
      handle(data, context) {
        context.setAllResponseStatus(201, 'Made')
        context.setResponseStatus(404, 'Gone', 1)
        context.setResponseHeader(1, 'x-b', 'b')
        context.setResponseContentType(0, 'text/csv')
        return data.map((_, idx) => [context.getResponseStatus(idx), context.getResponseHeaders(idx), context.getResponseContentType(idx) ?? null])
      }
    }`)
    const result = await loaded.run([bodyRequest('a'), bodyRequest('b')])
    assert.deepEqual(
      result.replies.map((reply) => reply.ok && [reply.value.status, reply.value.headers]),
      [
        [201, undefined],
        [404, { 'x-b': 'b' }],
      ],
    )
    assert.deepEqual(answersOf(result), [
      '[[201,"Made"],{},"text/csv"]',
      [[404, 'Gone'], { 'x-b': 'b' }, null],
    ])
  })

  it('knows the requests, their headers, and the surroundings', async () => {
    const source = `export default class {
      initialize(context) { this.loadedWith = context.requestIds }
      handle(data, context) {
        const { systemProperties: { modelDir, ...system }, modelYamlConfig, manifest, requestIds } = context
        const headers = [context.getRequestHeader(0, 'X-Lang'), context.getRequestHeader(0, 'explain'), context.getRequestHeader(0, 'none') ?? null]
        return [{ system, hasModelDir: modelDir.length > 0, modelYamlConfig, manifest, requestIds, headers,
          id: context.getRequestId(), sequence: context.getSequenceId(0), loadedWith: this.loadedWith }]
      }
    }`
    const request = { ...bodyRequest('', 'r7'), headers: { 'x-lang': 'de', ts_request_sequence_id: 's1' } }
    const spec = { manifest: { runtime: 'node' }, modelConfig: { maxWorkers: 2 }, handlerConfig: { top: 1 } }
    const [answer] = (await answers(source, [request], spec)) as [Record<string, unknown>]
    const { system, ...rest } = answer
    assert.deepEqual(rest, {
      hasModelDir: true,
      modelYamlConfig: { maxWorkers: 2, handler: { top: 1 } },
      manifest: { runtime: 'node' },
      requestIds: { 0: 'r7' },
      headers: ['de', 'False', null],
      id: 'r7',
      sequence: 's1',
      loadedWith: {},
    })
    const { serverVersion, ...properties } = system as Record<string, unknown>
    assert.deepEqual(properties, { gpuId: null, batchSize: 8, serverName: 'OnnxServe' })
    assert.match(String(serverVersion), /^\d+\.\d+\.\d+/)
  })

  it('streams a piece for each request, or for one', async () => {
    const { instance: loaded } = await load(`export default class {
      handle(data, context) {
        context.setResponseContentType(1, 'text/csv')
        context.sendIntermediatePredictResponse(['a', 'b'])
        context.sendIntermediatePredictResponse([undefined, 'c'])
        context.stream().write({ d: 1 })
        return data.map(() => 'end')
      }
    }`)
    const sent: string[] = []
    const result = await loaded.run([bodyRequest(''), bodyRequest('')], (member) => ({
      ...NO_LINK,
      send: ({ bytes, contentType = '' }) =>
        sent.push(`${member} ${Buffer.from(bytes).toString()} ${contentType}`),
    }))
    assert.deepEqual(sent, ['0 a text/plain; charset=utf-8', '1 b text/csv', '1 c ', '0 {"d":1}\n '])
    assert.deepEqual(answersOf(result), ['end', 'end'])
  })

  const OUT_OF_PLACE = [
    {
      it: 'a request that is not there',
      use: 'context.getRequestId(2)',
      message: 'there is no request 2 in a batch of 1, the first is 0',
    },
    {
      it: 'another number of pieces',
      use: "context.sendIntermediatePredictResponse(['a', 'b'])",
      message: '2 pieces were given for 1 requests',
    },
  ]
  for (const { it: name, use, message } of OUT_OF_PLACE) {
    it(`refuses ${name}`, async () => {
      const source = `export default class {
        handle(data, context) { try { ${use} } catch (error) { return [error.message] } return ['taken'] } }`
      assert.deepEqual(await answers(source, [bodyRequest('')]), [message])
    })
  }

  const EXPLAINING = [
    {
      it: 'explain, if it has one',
      member: "explain(data) { return data.map(() => 'because') }",
      answer: 'because',
    },
    { it: 'handle, which sees the header', member: '', answer: 'handled, explain: True' },
  ]
  for (const { it: name, member, answer } of EXPLAINING) {
    it(`asks for an explanation by ${name}`, async () => {
      const source = `export default class { ${member}
        handle(data, context) { return data.map((_, idx) => 'handled, explain: ' + context.getRequestHeader(idx, 'explain')) } }`
      assert.deepEqual(await answers(source, [{ ...bodyRequest(''), operation: 'explain' }]), [answer])
    })
  }

  it('describes itself', async () => {
    const source =
      'export default class { handle() {} describe({ modelName }) { return { about: modelName } } }'
    assert.deepEqual(await answers(source, [{ ...bodyRequest(''), operation: 'describe' }]), [{ about: 'm' }])
  })

  it('fails only the request for which it throws a PredictionException, with that status and message', async () => {
    const source = `class PredictionException extends Error { name = 'PredictionException'; errorCode = 422 }
      export default class {
        handle(data) { if (data.some(({ body }) => String(body) === 'bad')) throw new PredictionException('not a digit'); return data.map(() => 'ok') }
      }`
    const { instance: loaded } = await load(source)
    const { replies } = await loaded.run([bodyRequest('good'), bodyRequest('bad')])
    assert.equal(replies[0]?.ok, true)
    assert.deepEqual(replies[1], {
      ok: false,
      error: { code: 'invalid_argument', message: 'not a digit', reason: 'prediction', status: 422 },
    })
  })

  const WRONG = ["'text'", '[]', '[1, 2]', 'undefined', '[undefined]', '[() => 1]']
  for (const answer of WRONG) {
    it(`answers an error when it returns ${answer} for one request`, async () => {
      const source = `export default class { handle() { return ${answer} } }`
      assert.match(String((await answers(source, [bodyRequest('')]))[0]), /^internal: /)
    })
  }

  it('reports the schemas that it declares', async () => {
    const schemas = { request: { type: 'object' }, response: { type: 'string' } }
    const { report } = await load(
      `export default class { schemas = ${JSON.stringify(schemas)}; handle() {} }`,
    )
    assert.deepEqual(report.schemas, schemas)
  })
})
