import assert from 'node:assert/strict'
import type { BatchRequest, ServiceEnvelope } from '../../../../worker/contract/messages.ts'
import { answersOf, bodyRequest, tensorsRequest } from '../../../support/batch-requests.ts'
import { keptLog } from '../../../support/kept-log.ts'
import { LoadedInstance } from '../../../support/loaded-instance.ts'
import { identity } from '../../../support/models.ts'

const BASE64 = Buffer.from('pixels').toString('base64')

/** Answers what each record is; a list of all of them would show another batch. */
const CLASS = `export default class {
  handle(data, context) { return data.map((record) => show(record)) }
}
const show = (value) => Buffer.isBuffer(value) ? 'bytes ' + value
  : ArrayBuffer.isView(value) ? [...value]
  : value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, show(each)])) : value`

/** The body of each request, as text. */
const MODERN = `export default {
  handle: (requests) => requests.map((request) => {
    if (request.text() === '"throw"' || request.text() === 'throw') throw new Error('secret')
    if (request.text() === 'stream') request.stream.write('x')
    if (request.text() === 'status') { request.response.status = 202; request.response.headers['x-a'] = '1' }
    return request.text() === 'bytes' ? Buffer.from('raw') : request.text()
  }),
  explain: (requests) => requests.map((request) => 'because ' + request.text()),
  describe: () => ({ about: 'me' }),
}`

describe('service envelopes', () => {
  const worker = new LoadedInstance()
  afterEach(() => worker.release())

  const run = async (
    serviceEnvelope: ServiceEnvelope,
    {
      source,
      requests,
      log = keptLog(),
    }: { source?: string; requests: readonly BatchRequest[]; log?: ReturnType<typeof keptLog> },
  ) => {
    const files = source === undefined ? { 'model.onnx': identity('FP32') } : { 'handler.mjs': source }
    const handler = source === undefined ? {} : { handler: 'handler.mjs' }
    const { instance } = await worker.load(files, { ...handler, serviceEnvelope }, log)
    return instance.run(requests)
  }
  const answers = async (...given: Parameters<typeof run>) => answersOf(await run(...given))

  type Case = {
    readonly it: string
    readonly envelope: ServiceEnvelope
    readonly source?: string
    readonly bodies: readonly unknown[]
    readonly answers: readonly unknown[]
  }
  const jsonType = (value: unknown) => ({ ...bodyRequest(value), payload: jsonPayload(value) })
  const jsonPayload = (value: unknown) =>
    ({
      kind: 'parts',
      parts: [{ name: 'body', contentType: 'application/json', bytes: Buffer.from(JSON.stringify(value)) }],
    }) as const

  const CASES: readonly Case[] = [
    {
      it: 'runs the instances of every request of a batch, and gives each its own predictions',
      envelope: 'json',
      bodies: [
        {
          instances: [
            [1, 2],
            [3, 4],
          ],
        },
        { instances: [[5, 6]] },
      ],
      answers: [{ predictions: [{ y: [1, 2] }, { y: [3, 4] }] }, { predictions: [{ y: [5, 6] }] }],
    },
    {
      it: 'answers no instances with no predictions',
      envelope: 'kserve',
      bodies: [{ instances: [] }],
      answers: [{ predictions: [] }],
    },
    {
      it: 'decodes b64, at the top and in a member, for records',
      envelope: 'json',
      source: CLASS,
      bodies: [{ instances: [{ b64: BASE64 }, { data: { b64: BASE64 }, k: 5 }, 'text', { a: { b: 1 } }] }],
      answers: [{ predictions: ['bytes pixels', { data: 'bytes pixels', k: 5 }, 'text', { a: { b: 1 } }] }],
    },
    {
      it: 'gives a handler of our style the body that an instance wraps',
      envelope: 'kserve',
      source: MODERN,
      bodies: [{ instances: [{ data: { b64: BASE64 } }, { body: 'text' }, { data: [1] }, { x: 1, y: 2 }] }],
      answers: [{ predictions: ['pixels', 'text', '[1]', '{"x":1,"y":2}'] }],
    },
    {
      it: 'sends bytes as b64',
      envelope: 'json',
      source: MODERN,
      bodies: [{ instances: ['bytes'] }],
      answers: [{ predictions: [{ b64: Buffer.from('raw').toString('base64') }] }],
    },
    {
      it: 'fails only the request in which an instance fails',
      envelope: 'json',
      bodies: [{ instances: [[1, 2], [3]] }, { instances: [[5, 6]] }, { rows: [] }, [1]],
      answers: [
        "invalid_argument: input 'x' has shape [1], model expects [batch,2]",
        { predictions: [{ y: [5, 6] }] },
        `invalid_argument: the body has no list 'instances', expected {"instances": […]}; the service envelope of this model is 'json'`,
        `invalid_argument: the body has no list 'instances', expected {"instances": […]}; the service envelope of this model is 'json'`,
      ],
    },
    {
      it: 'unwraps the body of a record',
      envelope: 'body',
      source: CLASS,
      bodies: [{ a: 1 }, [1, 2]],
      answers: [{ a: 1 }, [1, 2]],
    },
    {
      it: 'carries tensors both ways, flat or nested, for every request of a batch',
      envelope: 'kservev2',
      bodies: [
        { id: 'q1', inputs: [{ name: 'x', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, 4] }] },
        { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [[5, 6]] }] },
      ],
      answers: [
        {
          id: 'q1',
          model_name: 'm',
          model_version: '1.0',
          outputs: [{ name: 'y', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4] }],
        },
        {
          model_name: 'm',
          model_version: '1.0',
          outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [5, 6] }],
        },
      ],
    },
    {
      it: 'passes every string of a BYTES input on, and answers what is no tensor as one',
      envelope: 'kservev2',
      source: 'export default class { handle(data) { return data.map(({ x }) => x.data.join(" ")) } }',
      bodies: [{ inputs: [{ name: 'x', shape: [2], datatype: 'BYTES', data: ['a', 'b'] }] }],
      answers: [
        {
          model_name: 'm',
          model_version: '1.0',
          outputs: [{ name: 'output', datatype: 'BYTES', shape: [1], data: ['a b'] }],
        },
      ],
    },
  ]
  for (const { it: name, envelope, source, bodies, answers: expected } of CASES) {
    it(`${envelope}: ${name}`, async () => {
      const requests = bodies.map(jsonType)
      assert.deepEqual(
        await answers(envelope, { requests, ...(source === undefined ? {} : { source }) }),
        expected,
      )
    })
  }

  const BAD_V2 = [
    { body: null, problem: /has no list 'inputs'/ },
    { body: { inputs: [] }, problem: /has no list 'inputs'/ },
    { body: { inputs: [null] }, problem: /has no text as inputs\[0\]\.name/ },
    {
      body: { inputs: [{ name: 'x', datatype: 'FLOAT' }] },
      problem: /has "FLOAT" as inputs\[0\]\.datatype, expected one of BOOL/,
    },
    {
      body: { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }] },
      problem: /no list of sizes as inputs\[0\]\.shape/,
    },
    {
      body: { inputs: [{ name: 'x', datatype: 'FP32', shape: [2] }] },
      problem: /has no list as inputs\[0\]\.data/,
    },
    {
      body: { inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: [1] }] },
      problem: /has 1 values in inputs\[0\]\.data, its shape \[3\] needs 3/,
    },
    { body: { inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: ['a'] }] }, problem: /input 'x'/ },
  ]
  for (const { body, problem } of BAD_V2) {
    it(`kservev2: refuses ${JSON.stringify(body)}`, async () => {
      const [answer] = await answers('kservev2', { requests: [bodyRequest(body)] })
      assert.match(String(answer), /^invalid_argument/)
      assert.match(String(answer), problem)
    })
  }

  it('answers explanations, and leaves descriptions alone', async () => {
    const explained = await answers('kserve', {
      source: MODERN,
      requests: [{ ...bodyRequest({ instances: ['a', 'b'] }), operation: 'explain' }],
    })
    assert.deepEqual(explained, [{ explanations: ['because a', 'because b'] }])
    const described = await worker.instance.run([{ ...bodyRequest(''), operation: 'describe' }])
    assert.deepEqual(described && answersOf(described), [{ about: 'me' }])
  })

  it('keeps the status and the headers that a handler sets', async () => {
    const { replies } = await run('json', {
      source: MODERN,
      requests: [bodyRequest({ instances: ['a', 'status'] })],
    })
    assert.deepEqual(
      replies.map((reply) => reply.ok && [reply.value.status, reply.value.headers]),
      [[202, { 'x-a': '1' }]],
    )
  })

  it('refuses pieces, which cannot go out before the whole', async () => {
    const [answer] = await answers('json', {
      source: MODERN,
      requests: [bodyRequest({ instances: ['stream'] })],
    })
    assert.match(String(answer), /^internal: the handler streams, which no service envelope can carry/)
  })

  const x = { name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) } as const

  it('leaves alone what a dialect has decoded', async () => {
    assert.deepEqual(await answers('kservev2', { requests: [tensorsRequest([x])] }), [[{ ...x, name: 'y' }]])
  })

  it('leaves a record of decoded tensors alone that has no body to unwrap', async () => {
    const source =
      'export default class { handle(data) { return data.map((record) => Object.keys(record)) } }'
    assert.deepEqual(await answers('body', { source, requests: [tensorsRequest([x])] }), [['x']])
  })

  it('does not call a handler for envelopes that are empty or broken', async () => {
    const source =
      'export default { handle() { throw new Error(`called`) }, explain() { throw new Error(`called`) } }'
    const log = keptLog()
    const requests = [bodyRequest({ instances: [] }), bodyRequest(5)]
    const [empty, broken] = await answers('json', { source, requests, log })
    assert.deepEqual(empty, { predictions: [] })
    assert.match(String(broken), /^invalid_argument/)
    assert.deepEqual(log.records, [])
  })

  const NEST = 200_000
  const HOSTILE = [
    {
      it: 'more instances than a worker has room for',
      body: `{"instances":[${'0,'.repeat(65_536)}0]}`,
      problem: /has 65537 instances, allowed are 65536: send them in several requests/,
    },
    {
      it: 'an instance that is nested too deeply',
      body: `{"instances":[${'['.repeat(NEST)}${']'.repeat(NEST)}]}`,
      problem: /has an instance that is nested too deeply/,
    },
  ]
  for (const { it: name, body, problem } of HOSTILE) {
    it(`json: refuses ${name}`, async () => {
      const [answer] = await answers('json', { source: MODERN, requests: [bodyRequest(body)] })
      assert.match(String(answer), /^invalid_argument/)
      assert.match(String(answer), problem)
    })
  }
})
