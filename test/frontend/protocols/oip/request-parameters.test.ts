import assert from 'node:assert/strict'
import { parameterReader } from '../../../../frontend/protocols/oip/request-parameters.ts'

const read = (given: unknown, headers = {}) => parameterReader()(given, { headers })
const NO_SEQUENCE = { start: false, end: false, explicit: true }

describe('parameterReader', () => {
  it('makes nothing of a request without parameters', () => {
    assert.deepEqual(read(undefined, {}), { run: { sequence: NO_SEQUENCE }, hasEmptyFinal: false })
    assert.equal(read(undefined), read(undefined, { a: 'b' }))
  })

  const RUNS = [
    { it: 'priority', given: { priority: 2 }, run: { priority: 2 } },
    { it: 'the priority of gRPC', given: { priority: 2n }, run: { priority: 2 } },
    { it: 'priority 0 as the default', given: { priority: 0 }, run: {} },
    { it: 'a timeout of microseconds', given: { timeout: 1500 }, run: { timeoutMs: 1.5 } },
    { it: 'timeout 0 as the default', given: { timeout: 0 }, run: {} },
    {
      it: 'the start of a numbered sequence',
      given: { sequence_id: 42, sequence_start: true },
      run: { sequence: { id: '42', start: true, end: false, explicit: true } },
    },
    {
      it: 'the end of a named sequence',
      given: { sequence_id: 'talk', sequence_end: true },
      run: { sequence: { id: 'talk', start: false, end: true, explicit: true } },
    },
    {
      it: 'the largest sequence number',
      given: { sequence_id: 18_446_744_073_709_551_615n },
      run: { sequence: { id: '18446744073709551615', start: false, end: false, explicit: true } },
    },
    { it: 'sequence 0 as none', given: { sequence_id: 0 }, run: {} },
    { it: 'an empty sequence id as none', given: { sequence_id: '' }, run: {} },
    {
      it: 'a start without an id',
      given: { sequence_start: true },
      run: { sequence: { start: true, end: false, explicit: true } },
    },
  ]
  for (const { it: claim, given, run } of RUNS) {
    it(`reads ${claim}`, () => {
      assert.deepEqual(read(given, {}), { run: { sequence: NO_SEQUENCE, ...run }, hasEmptyFinal: false })
    })
  }

  const FROM_HEAD = { id: 'h', start: true, end: false }
  const OF_HEAD = [
    { it: 'without parameters', given: undefined, sequence: FROM_HEAD },
    { it: 'without one in the body', given: { priority: 0 }, sequence: FROM_HEAD },
    {
      it: 'unless the body names another',
      given: { sequence_id: 'b' },
      sequence: { id: 'b', start: false, end: false, explicit: true },
    },
  ]
  for (const { it: claim, given, sequence } of OF_HEAD) {
    it(`takes the sequence of the head, ${claim}`, () => {
      const { run } = parameterReader()(given, { headers: {}, sequence: FROM_HEAD })
      assert.deepEqual(run, { sequence })
    })
  }

  it('hands the handler what has no meaning of its own, numbers beyond doubles as digits', () => {
    const { parameters } = read(
      {
        text: 'a',
        yes: true,
        half: 0.5,
        small: 7n,
        big: 9_007_199_254_740_993n,
        priority: 1,
        binary_data_output: true,
        non_finite: 'null',
      },
      {},
    )
    assert.deepEqual(parameters, { text: 'a', yes: true, half: 0.5, small: 7, big: '9007199254740993' })
  })

  it('keeps a parameter called __proto__ a parameter', () => {
    const { parameters = {} } = read(JSON.parse('{"__proto__":1}'), {})
    assert.deepEqual(Object.entries(parameters), [['__proto__', 1]])
  })

  it('lets a client of gRPC ask for an empty last answer', () => {
    assert.equal(read({ triton_enable_empty_final_response: true }, {}).hasEmptyFinal, true)
  })

  const REFUSED = [
    { given: [], place: '/parameters is an array, expected an object' },
    { given: 'a', place: '/parameters is "a"' },
    { given: null, place: '/parameters is null' },
    {
      given: Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`p${index}`, 1])),
      place: '/parameters has 1001 members, at most 1000 are possible',
    },
    { given: { triton_x: 1 }, place: '/parameters/triton_x is reserved' },
    { given: { headers: 'a' }, place: '/parameters/headers is reserved' },
    { given: { a: {} }, place: '/parameters/a is an object, expected a boolean' },
    { given: { a: [1] }, place: '/parameters/a is an array' },
    { given: { a: null }, place: '/parameters/a is null' },
    { given: { 'a/b~': null }, place: '/parameters/a~1b~0 is null' },
    { given: { priority: -1 }, place: '/parameters/priority is -1' },
    { given: { priority: 1.5 }, place: '/parameters/priority is 1.5' },
    { given: { priority: '1' }, place: '/parameters/priority is "1"' },
    { given: { timeout: 2n ** 63n }, place: '/parameters/timeout is 9223372036854775808' },
    { given: { sequence_id: -1 }, place: '/parameters/sequence_id is -1' },
    { given: { sequence_id: 2n ** 64n }, place: '/parameters/sequence_id is 18446744073709551616' },
    { given: { sequence_id: true }, place: '/parameters/sequence_id is true' },
    { given: { sequence_start: 1 }, place: '/parameters/sequence_start is 1, expected true or false' },
    { given: { sequence_end: 'no' }, place: '/parameters/sequence_end is "no"' },
  ]
  for (const { given, place } of REFUSED) {
    it(`refuses what it cannot read: ${place}`, () => {
      assert.throws(
        () => read(given, {}),
        (error: Error & { code?: string }) =>
          error.code === 'invalid_argument' && error.message.startsWith(place),
      )
    })
  }

  describe('with a pattern of headers', () => {
    const reader = parameterReader(/^x-user-|^priority$/)
    const forwarding = (given: unknown, headers: Record<string, string>) => reader(given, { headers })

    it('forwards the headers whose names it finds', () => {
      const { parameters } = forwarding(undefined, {
        'x-user-id': '7',
        accept: '*/*',
      })
      assert.deepEqual(parameters, { 'x-user-id': '7' })
    })

    it('prefers what the body says', () => {
      assert.deepEqual(forwarding({ 'x-user-id': 'b' }, { 'x-user-id': 'h' }).parameters, {
        'x-user-id': 'b',
      })
    })

    it('refuses a header that would pass for a parameter of the protocol', () => {
      assert.throws(() => forwarding(undefined, { priority: 'u=1' }), {
        code: 'invalid_argument',
        message: /header 'priority' would be forwarded/,
      })
    })
  })
})
