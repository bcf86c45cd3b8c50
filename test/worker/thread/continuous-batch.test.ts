import assert from 'node:assert/strict'
import type { BatchRequest, BatchResponse, WorkerReply } from '../../../worker/contract/messages.ts'
import { continueWith, type HandlerContext, type HandlerRequest } from '../../../worker/handler.ts'
import { BatchMember } from '../../../worker/thread/batch-member.ts'
import { ContinuousBatch } from '../../../worker/thread/continuous-batch.ts'

const IGNORE = () => undefined
const LOG = { debug: IGNORE, info: IGNORE, warn: IGNORE, error: IGNORE }
const CONTEXT = {} as HandlerContext // no handler here looks at it

type Answer = (request: HandlerRequest) => unknown

/** Runs turns: each request as `key` when it is new, `key…` when it goes on. */
function fixture(answer: Answer) {
  const seen: string[] = []
  const handle = (requests: readonly HandlerRequest[]) => {
    seen.push(requests.map(({ id }) => id).join(' '))
    return requests.map(answer) as never[] // what a handler without types may answer
  }
  const way = new ContinuousBatch(handle, CONTEXT)
  async function turn(...turns: string[]): Promise<string[]> {
    const members = turns.map((each, index) => memberOf(each, index))
    await way.run(members)
    return members.map(({ reply }) => textOf(reply))
  }
  return { turn, seen }
}

function memberOf(text: string, index: number): BatchMember {
  const key = Number.parseInt(text, 10)
  const continues = text.endsWith('…')
  const request: BatchRequest = {
    id: continues ? 'sent again' : `r${key}`,
    headers: {},
    remainingMs: 1000,
    turn: { key, continues },
    payload: {
      kind: 'parts',
      parts: continues ? [] : [{ name: 'body', bytes: Buffer.from(`body ${key} at ${index}`) }],
    },
  }
  return new BatchMember({
    request,
    receivedAtMs: performance.now(),
    model: { name: 'm', version: '1' },
    log: LOG,
  })
}

/** An answer's text, with three dots when it goes on, and its content type if it carries the head. */
function textOf(reply: WorkerReply<BatchResponse>): string {
  if (!reply.ok) return `${reply.error.code} ${reply.error.reason ?? ''}`.trim()
  const { payload, more } = reply.value
  const { bytes, contentType = 'no head' } = payload.kind === 'bytes' ? payload : { bytes: new Uint8Array(0) }
  return `${Buffer.from(bytes).toString()}${more === true ? '…' : ''} (${contentType.split(';')[0]})`
}

describe('ContinuousBatch', () => {
  it('shows its handler the same request in every turn, with body and state', async () => {
    const { turn, seen } = fixture((request) => {
      request.state = ((request.state as number | undefined) ?? 0) + 1
      return continueWith(`${request.text()}, turn ${String(request.state)}`)
    })
    assert.deepEqual(await turn('1'), ['body 1 at 0, turn 1… (text/plain)'])
    assert.deepEqual(await turn('2', '1…'), [
      'body 2 at 0, turn 1… (text/plain)',
      'body 1 at 0, turn 2… (no head)',
    ])
    assert.deepEqual(seen, ['r1', 'r2 r1'])
  })

  const ANSWERS: readonly { it: string; answers: unknown[]; replies: string[] }[] = [
    { it: 'answers at once', answers: ['all'], replies: ['all (text/plain)'] },
    {
      it: 'goes on without a piece, and its head comes with the first one',
      answers: [continueWith(), continueWith('x'), 'y'],
      replies: ['… (no head)', 'x… (text/plain)', 'y (no head)'],
    },
    {
      it: 'ends without a last piece',
      answers: [continueWith({ token: 1 }), undefined],
      replies: ['{"token":1}\n… (application/x-ndjson)', ' (no head)'],
    },
    { it: 'must answer something', answers: [undefined], replies: ['internal'] },
    { it: 'cannot go on with tensors', answers: [continueWith([tensor()])], replies: ['internal'] },
    {
      it: 'fails after a piece',
      answers: [continueWith('x'), new Error('no more')],
      replies: ['x… (text/plain)', 'internal'],
    },
  ]
  for (const { it: claim, answers, replies } of ANSWERS) {
    it(`knows a request that ${claim}`, async () => {
      const left = [...answers]
      const { turn } = fixture(() => left.shift())
      const found: string[] = []
      for (const [index] of answers.entries()) found.push(...(await turn(index === 0 ? '1' : '1…')))
      assert.deepEqual(found, replies)
    })
  }

  it("goes on by TorchServe's response header", async () => {
    const { turn } = fixture((request) => {
      const isFirst = request.state === undefined
      request.state = true
      request.response.headers['ts_stream_next'] = String(isFirst)
      return isFirst ? 'x' : 'y'
    })
    assert.deepEqual(await turn('1'), ['x… (text/plain)'])
    assert.deepEqual(await turn('1…'), ['y (no head)'])
  })

  it('forgets a request that is missing from a turn, or has ended', async () => {
    const { turn } = fixture((request) => (request.id === 'r2' ? 'end' : continueWith('x')))
    await turn('1', '2')
    assert.deepEqual(await turn('2…'), ['unavailable worker_died'])
    assert.deepEqual(await turn('1…'), ['unavailable worker_died'])
  })

  it('fails every request of a turn in which the handler throws, and keeps none', async () => {
    let throws = false
    const { turn } = fixture(() => {
      if (throws) throw new Error('a bug')
      return continueWith('x')
    })
    await turn('1')
    throws = true
    assert.deepEqual(await turn('1…', '2'), ['internal', 'internal'])
    throws = false
    assert.deepEqual(await turn('1…'), ['unavailable worker_died'])
  })
})

function tensor() {
  return { name: 'y', dtype: 'FP32', shape: [1], data: new Float32Array(1) } as const
}
