import assert from 'node:assert/strict'
import type { BatchRequest, MicroBatching } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type { HandlerContext } from '../../../worker/handler.ts'
import { BatchMember } from '../../../worker/thread/batch-member.ts'
import { Engine } from '../../../worker/thread/engine.ts'
import { MicroBatches } from '../../../worker/thread/micro-batches.ts'
import { Pipeline, type Steps } from '../../../worker/thread/pipeline.ts'
import { answersOf, bodyRequest } from '../../support/batch-requests.ts'
import { settlePromises } from '../../support/fake-clock.ts'
import { FakeSession } from '../../support/fake-session.ts'
import { gate } from '../../support/gate.ts'
import { keptLog } from '../../support/kept-log.ts'

const BODIES = ['1', '2', 'bad', '4', '13', '6', '7']

/** A pipeline that negates numbers; `seen` tells what happened, in order. */
function pipeline(session: FakeSession, asynchronous = true) {
  const seen: string[] = []
  const steps: Steps = {
    preprocess: (request) => {
      const text = request.text()
      seen.push(`prepare ${text}`)
      if (text === 'bad') throw new Error('secret')
      const feeds: Tensor[] = [
        { name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(Number(text), 0) },
      ]
      return asynchronous ? Promise.resolve(feeds) : feeds
    },
    postprocess: ({ y }, request) => {
      seen.push(`finish ${request.text()}`)
      return [...(y?.data as Float32Array)] // the fake's type
    },
  }
  const context = { inputs: session.inputs } as HandlerContext // all that the pipeline looks at
  const engine = new Engine(session, 8, keptLog())
  return { seen, pipeline: new Pipeline({ steps, context, engine }) }
}

const membersOf = (requests: readonly BatchRequest[]) =>
  requests.map(
    (request) =>
      new BatchMember({ request, receivedAtMs: 0, model: { name: 'm', version: '1' }, log: keptLog() }),
  )

class GatedSession extends FakeSession {
  readonly gates = [gate(), gate()]
  override async run(feeds: readonly Tensor[]): Promise<readonly Tensor[]> {
    await this.gates[this.runs.length]?.promise
    return super.run(feeds)
  }
}

describe('MicroBatches', () => {
  const CASES: readonly { it: string; batching: MicroBatching; runs: number }[] = [
    { it: 'one at a time', batching: {}, runs: 6 },
    { it: 'in parts', batching: { microBatchRows: 3 }, runs: 6 },
    {
      it: 'in parts, several at once',
      batching: { microBatchRows: 2, parallelism: { preprocess: 3, inference: 2 } },
      runs: 6,
    },
    { it: 'in a part that holds the batch', batching: { microBatchRows: 7 }, runs: 7 },
  ]
  for (const { it: name, batching, runs } of CASES) {
    for (const asynchronous of [true, false]) {
      it(`answers as the whole batch does, ${name}, ${asynchronous ? 'asynchronous' : 'synchronous'} steps`, async () => {
        const whole = membersOf(BODIES.map((body) => bodyRequest(body)))
        await pipeline(new FakeSession(), asynchronous).pipeline.run(whole)
        const members = membersOf(BODIES.map((body) => bodyRequest(body)))
        const ways = new MicroBatches(pipeline(new FakeSession(), asynchronous).pipeline, batching)
        const { timing } = await ways.run(members)
        const repliesOf = (all: readonly BatchMember[]) =>
          answersOf({ replies: all.map(({ reply }) => reply), timing })
        assert.deepEqual(repliesOf(members), repliesOf(whole))
        assert.deepEqual(repliesOf(members)[0], [-1, 0])
        assert.deepEqual([timing.rows, timing.runs], [6, runs])
      })
    }
  }

  it('prepares the next part while the engine runs, and finishes a part before the last has run', async () => {
    const session = new GatedSession()
    const { seen, pipeline: inner } = pipeline(session)
    const running = new MicroBatches(inner, { microBatchRows: 2 }).run(
      membersOf(['1', '2', '3', '4'].map((body) => bodyRequest(body))),
    )
    await settlePromises()
    assert.deepEqual(seen, ['prepare 1', 'prepare 2', 'prepare 3', 'prepare 4'])
    assert.deepEqual(session.runs, [])
    session.gates[0]?.open()
    await settlePromises()
    assert.deepEqual(seen.slice(4), ['finish 1', 'finish 2'])
    session.gates[1]?.open()
    await running
    assert.deepEqual(seen.slice(6), ['finish 3', 'finish 4'])
  })
})
