import assert from 'node:assert/strict'
import type { BatchRequest, LoadSpec } from '../../../worker/contract/messages.ts'
import { answersOf, bodyRequest, tensorsRequest } from '../../support/batch-requests.ts'
import { keptLog } from '../../support/kept-log.ts'
import { LoadedInstance } from '../../support/loaded-instance.ts'
import { identity, rowsLost, twoInputAdd, variableLength } from '../../support/models.ts'

const FAILED = (stage: string) =>
  `internal: model 'm/1.0' failed in ${stage}; the server's log has the details`

describe('Instance', () => {
  const worker = new LoadedInstance()
  let log = keptLog()
  afterEach(async () => {
    await worker.release()
    log = keptLog()
  })

  /** Loads a graph, and a handler module if its source is given. */
  const load = async (model: Uint8Array | undefined, handler?: string, overrides: Partial<LoadSpec> = {}) => {
    return worker.load(
      {
        ...(model === undefined ? {} : { 'model.onnx': model }),
        ...(handler === undefined ? {} : { 'handler.mjs': handler }),
      },
      { ...(handler === undefined ? {} : { handler: 'handler.mjs' }), ...overrides },
      log,
    )
  }
  const run = async (requests: readonly BatchRequest[]) => {
    return worker.instance.run(requests)
  }

  it('reports what it serves, and that a built-in handler needs no headers', async () => {
    const { report } = await load(twoInputAdd())
    assert.deepEqual(
      report.inputs.map(({ name }) => name),
      ['a', 'b'],
    )
    assert.equal(report.usesHeaders, false)
    assert.deepEqual(report.device, { provider: 'cpu', deviceId: 0 })
    assert.ok(report.loadMs > 0 && report.warmUpMs > 0)
  })

  it('answers a batch in one run, each request by its own outcome', async () => {
    await load(identity('FP32'))
    const result = await run([
      bodyRequest([[1, 2]]),
      bodyRequest('{'),
      bodyRequest([[3, 4]]),
      bodyRequest([[5]]),
    ])
    assert.deepEqual(answersOf(result), [
      { y: [[1, 2]] },
      'invalid_argument: the body is not valid JSON: it ends where key or } is expected',
      { y: [[3, 4]] },
      "invalid_argument: input 'x' has shape [1,1], model expects [batch,2]",
    ])
    assert.equal(result.timing.rows, 2)
    assert.equal(result.timing.runs, 1)
  })

  it('answers tensors with tensors', async () => {
    await load(identity('FP32'))
    const x = { name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) } as const
    assert.deepEqual(answersOf(await run([tensorsRequest([x])])), [[{ ...x, name: 'y' }]])
  })

  it('checks tensors against the inputs of the graph', async () => {
    await load(identity('FP32'))
    const x = { name: 'x', dtype: 'FP64', shape: [1, 2], data: Float64Array.of(1, 2) } as const
    assert.deepEqual(answersOf(await run([tensorsRequest([x])])), [
      "invalid_argument: input 'x' has dtype FP64, model expects FP32",
    ])
  })

  it('runs requests of different length apart', async () => {
    await load(variableLength())
    const result = await run([bodyRequest([[1, 2]]), bodyRequest([[3]]), bodyRequest([[4, 5]])])
    assert.deepEqual(answersOf(result), [{ y: [3] }, { y: [3] }, { y: [9] }])
    assert.equal(result.timing.runs, 2)
  })

  it('runs requests one by one on a graph that mixes its rows', async () => {
    await load(rowsLost())
    const result = await run([bodyRequest([[1, 2]]), bodyRequest([[3, 4]])])
    assert.deepEqual(answersOf(result), [{ total: 3 }, { total: 7 }])
  })

  it('fails only the request for which a step throws, and logs the stack with its id', async () => {
    await load(
      identity('FP32'),
      `export default {
        preprocess(request) {
          if (request.text() === 'throw') throw new TypeError('secret detail')
          return { x: { dtype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) } }
        },
        async postprocess(outputs, request) {
          if (request.text() === 'reject') throw new Error('secret detail')
          return { sum: outputs.y.data[0] + outputs.y.data[1] }
        },
      }`,
    )
    const requests = [
      bodyRequest('ok'),
      bodyRequest('throw', 'r1'),
      bodyRequest('reject', 'r2'),
      bodyRequest('ok'),
    ]
    const answers = answersOf(await run(requests))
    assert.deepEqual(answers, [{ sum: 3 }, FAILED('preprocess'), FAILED('postprocess'), { sum: 3 }])
    const [first, second] = log.records
    assert.equal(first?.fields?.['requestId'], 'r1')
    assert.match(String(first.fields['stack']), /TypeError: secret detail\n.*handler\.mjs:3/s)
    assert.equal(second?.fields?.['requestId'], 'r2')
  })

  it('takes an object with a then that is no function as the answer', async () => {
    await load(identity('FP32'), "export default { postprocess: () => ({ then: 'later' }) }")
    assert.deepEqual(answersOf(await run([bodyRequest([[1, 2]])])), [{ then: 'later' }])
  })

  it('shows an error that a handler made for the client, also one of its own copy of the class', async () => {
    await load(
      identity('FP32'),
      `class ServingError extends Error {
        constructor(code, message) { super(message); this.name = 'ServingError'; this.code = code }
      }
      export default { preprocess() { throw new ServingError('not_found', 'no such row') } }`,
    )
    assert.deepEqual(answersOf(await run([bodyRequest('x')])), ['not_found: no such row'])
    assert.deepEqual(log.records, [])
  })

  it('keeps the order of requests when their preprocessing ends in another', async () => {
    await load(
      identity('FP32'),
      `export default {
        async preprocess(request) {
          for (let turns = Number(request.text()); turns > 0; turns--) await null
          return { x: { dtype: 'FP32', shape: [1, 2], data: Float32Array.of(Number(request.text()), 0) } }
        },
      }`,
    )
    assert.deepEqual(answersOf(await run([bodyRequest('9'), bodyRequest('1'), bodyRequest('5')])), [
      { y: [[9, 0]] },
      { y: [[1, 0]] },
      { y: [[5, 0]] },
    ])
  })

  it('gives a handler its context, and its members to each other', async () => {
    await load(
      identity('FP32'),
      `export default {
        seen: undefined,
        initialize(context) { this.seen = context },
        postprocess() {
          const { modelName, modelVersion, config, device, inputs, outputs, maxBatchRows } = this.seen
          return { modelName, modelVersion, config, device, inputs, outputs, maxBatchRows }
        },
      }`,
      { handlerConfig: { threshold: 0.5 } },
    )
    assert.deepEqual(answersOf(await run([bodyRequest([[1, 2]])])), [
      {
        modelName: 'm',
        modelVersion: '1.0',
        config: { threshold: 0.5 },
        device: { provider: 'cpu', deviceId: 0 },
        inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 2] }],
        outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 2] }],
        maxBatchRows: 8,
      },
    ])
  })

  describe('with a handler of whole batches', () => {
    const SUM = `export default {
      calls: [],
      async handle(requests, context) {
        const bodies = requests.map((request) => request.text())
        context.logger.info('handle', { bodies })
        if (bodies.includes('throw')) throw new Error('secret detail')
        if (bodies.includes('short')) return []
        const rows = bodies.filter((body) => body !== 'error').length
        const { y } = await context.run({ x: { dtype: 'FP32', shape: [rows, 2], data: new Float32Array(2 * rows).fill(3) } })
        return bodies.map((body, i) => body === 'error' ? new RangeError('secret detail') : y.data[0] + i)
      },
    }`

    it('answers each request, or fails it by an error in its place', async () => {
      await load(identity('FP32'), SUM)
      const requests = [bodyRequest('a'), bodyRequest('error'), bodyRequest('b')]
      assert.deepEqual(answersOf(await run(requests)), [3, FAILED('handle'), 5])
    })

    it('tries each request alone when it throws', async () => {
      await load(identity('FP32'), SUM)
      const requests = [bodyRequest('a'), bodyRequest('throw'), bodyRequest('b')]
      assert.deepEqual(answersOf(await run(requests)), [3, FAILED('handle'), 3])
      const calls = log.records
        .filter(({ message }) => message === 'handle')
        .map(({ fields }) => fields?.['bodies'])
      assert.deepEqual(calls, [['a', 'throw', 'b'], ['a'], ['throw'], ['b']])
    })

    it('fails a request for which it answers nothing', async () => {
      await load(identity('FP32'), SUM)
      assert.deepEqual(answersOf(await run([bodyRequest('short')])), [FAILED('handle')])
      assert.match(String(log.records.at(-1)?.fields?.['stack']), /handle returned 0 answers for 1 requests/)
    })

    it('serves without a graph', async () => {
      const { report } = await load(
        undefined,
        `export default { handle: (all) => all.map((one) => one.json().n + 1) }`,
      )
      assert.deepEqual(report.inputs, [])
      assert.deepEqual(answersOf(await run([bodyRequest({ n: 1 })])), [2])
    })
  })

  const REFUSED = [
    {
      it: 'an archive without a graph whose handler cannot answer',
      handler: 'export default { preprocess() {} }',
      error: { code: 'invalid_argument', message: /the archive has no graph.*has no 'handle'/ },
    },
    {
      it: 'a module that cannot be imported',
      model: identity('FP32'),
      handler: "import 'node:no-such-module'",
      error: {
        code: 'invalid_argument',
        message: /the handler 'handler.mjs' could not be imported: .*no-such-module/,
      },
    },
    {
      it: 'a module without a default export',
      model: identity('FP32'),
      handler: 'export const handler = {}',
      error: {
        code: 'invalid_argument',
        message: /has no default export; write 'export default defineHandler/,
      },
    },
    {
      it: 'a class instead of a handler',
      model: identity('FP32'),
      handler: 'export default class {}',
      error: { message: /exports a function by default/ },
    },
    {
      it: 'a step that is no function',
      model: identity('FP32'),
      handler: 'export default { preprocess: 1 }',
      error: { message: /has a 'preprocess' that is a number/ },
    },
    {
      it: 'a misspelt step',
      model: identity('FP32'),
      handler: 'export default { preProcess() {} }',
      error: { message: /unknown member 'preProcess'; did you mean 'preprocess'\?/ },
    },
    {
      it: 'both ways at once',
      model: identity('FP32'),
      handler: 'export default { handle() {}, postprocess() {} }',
      error: { message: /has 'handle', which answers whole batches, beside/ },
    },
    {
      it: 'a handler whose initialize throws',
      model: identity('FP32'),
      handler: "export default { initialize() { throw new Error('no labels') } }",
      error: { message: 'no labels' },
    },
  ]
  for (const { it: name, model, handler, error } of REFUSED) {
    it(`refuses ${name}`, () => assert.rejects(load(model, handler), error))
  }
})
