import assert from 'node:assert/strict'
import type { BatchRequest, Operation } from '../../../worker/contract/messages.ts'
import { perRequest, type HandlerContext } from '../../../worker/handler.ts'
import { BatchMemberRequest } from '../../../worker/thread/handler-request.ts'
import { answersOf, bodyRequest } from '../../support/batch-requests.ts'
import { LoadedInstance } from '../../support/loaded-instance.ts'
import { identity } from '../../support/models.ts'

const ask = (operation: Operation, body: unknown = ''): BatchRequest => ({ ...bodyRequest(body), operation })

describe('the operations of a handler', () => {
  const worker = new LoadedInstance()
  afterEach(() => worker.release())

  const load = async (handler?: string) => {
    return (
      await worker.load(
        { 'model.onnx': identity('FP32'), ...(handler === undefined ? {} : { 'handler.mjs': handler }) },
        handler === undefined ? {} : { handler: 'handler.mjs' },
      )
    ).instance
  }

  it('explains a batch by its own hook, beside the usual steps', async () => {
    const loaded = await load(`export default {
      async explain(requests, context) {
        return Promise.all(requests.map(async (request) => {
          if (request.text() === '[[9,9]]') return new TypeError('secret')
          const { y } = await context.run({ x: { dtype: 'FP32', shape: [1, 2], data: Float32Array.from(request.json()[0]) } })
          return { because: y.data }
        }))
      },
    }`)
    const result = await loaded.run([ask('explain', [[1, 2]]), ask('explain', [[9, 9]])])
    assert.deepEqual(answersOf(result), [
      { because: [1, 2] },
      "internal: model 'm/1.0' failed in explain; the server's log has the details",
    ])
    assert.equal(result.timing.rows, 0)
    assert.deepEqual(answersOf(await loaded.run([ask('predict', [[1, 2]])])), [{ y: [[1, 2]] }])
  })

  it('tries each explanation alone when the batch of them fails', async () => {
    const loaded = await load(`export default {
      handle: () => [],
      explain(requests) {
        if (requests.length > 1) throw new Error('too many')
        return requests.map((request) => request.text())
      },
    }`)
    assert.deepEqual(answersOf(await loaded.run([ask('explain', 'a'), ask('explain', 'b')])), ['a', 'b'])
  })

  it('explains request by request, each by its own outcome, with perRequest', async () => {
    const explain = perRequest((request) => {
      if (request.text() === 'throw') throw new Error('secret')
      return request.text()
    })
    const requests = ['a', 'throw', 'b'].map((body) => new BatchMemberRequest(bodyRequest(body), 0))
    const answers = await explain(requests, {} as HandlerContext) // the function looks at none of it
    assert.deepEqual(answers, ['a', new Error('secret'), 'b'])
  })

  it('refuses to explain without a hook', async () => {
    const { replies } = await (await load()).run([ask('explain', [[1, 2]])])
    assert.deepEqual(replies, [
      {
        ok: false,
        error: {
          code: 'unimplemented',
          reason: 'operation',
          message: "the handler of model 'm/1.0' has no 'explain': it cannot say why it answers so",
        },
      },
    ])
  })

  it('describes itself, or answers an empty object', async () => {
    assert.deepEqual(answersOf(await (await load()).run([ask('describe')])), [{}])
    await worker.release()
    const loaded = await load('export default { describe: ({ modelName }) => ({ name: modelName }) }')
    assert.deepEqual(answersOf(await loaded.run([ask('describe')])), [{ name: 'm' }])
  })

  it('fails a description whose hook throws', async () => {
    const loaded = await load("export default { describe() { throw new Error('secret') } }")
    assert.deepEqual(answersOf(await loaded.run([ask('describe')])), [
      "internal: model 'm/1.0' failed in describe; the server's log has the details",
    ])
  })
})
