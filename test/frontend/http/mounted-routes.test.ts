import assert from 'node:assert/strict'
import { send } from '../../../frontend/http/answer.ts'
import type { HttpExchange, Mount } from '../../../frontend/http/app.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { HttpFixture } from '../../support/http-fixture.ts'

const say = (exchange: HttpExchange, body: string) => {
  send(exchange, { status: 200, headers: {}, body })
}

/** A mount whose hot routes do this; its other routes answer with the path. */
function mountOf(hot: Mount['hot']): Mount {
  return {
    routes: [],
    middleware: (ctx) => {
      say(ctx, `routed ${ctx.path}`)
    },
    ...(hot === undefined ? {} : { hot }),
  }
}

const refusal = new ServingError('invalid_argument', 'not today')

describe('hot routes', () => {
  const fixture = new HttpFixture()
  afterEach(() => fixture.closeAll())

  async function answerTo(mounts: readonly Mount[]): Promise<string> {
    const [first = mountOf(undefined)] = mounts
    const { url } = await fixture.open(first, {}, { mounts })
    const response = await fetch(`${url}/a`)
    return `${response.status} ${await response.text()}`
  }

  const CASES: readonly { it: string; hot: Mount['hot']; expected: string }[] = [
    { it: 'answer past the middleware', hot: async (each) => say(each, 'hot'), expected: '200 hot' },
    { it: 'leave to the middleware what is not theirs', hot: () => undefined, expected: '200 routed /a' },
    {
      it: 'refuse by throwing',
      hot: () => {
        throw refusal
      },
      expected: '400 invalid_argument: not today',
    },
    {
      it: 'refuse by rejecting',
      hot: () => Promise.reject(refusal),
      expected: '400 invalid_argument: not today',
    },
  ]
  for (const { it: claim, hot, expected } of CASES) {
    it(claim, async () => assert.equal(await answerTo([mountOf(hot)]), expected))
  }

  it('are asked in the order of their mounts, before the middleware of any', async () => {
    const none = mountOf(() => undefined)
    const first = mountOf(async (each) => say(each, 'second mount'))
    const never = mountOf(async (each) => say(each, 'third mount'))
    assert.equal(await answerTo([none, first, never]), '200 second mount')
  })
})
