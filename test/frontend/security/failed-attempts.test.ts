import assert from 'node:assert/strict'
import { FailedAttempts } from '../../../frontend/security/failed-attempts.ts'

describe('FailedAttempts', () => {
  let nowMs: number
  let attempts: FailedAttempts

  beforeEach(() => {
    nowMs = 0
    attempts = new FailedAttempts(() => nowMs)
  })

  function fail(times: number, address: string): void {
    for (let i = 0; i < times; i++) attempts.failed(address)
  }

  const WAITS = [
    { failures: 10, waitMs: 0 },
    { failures: 11, waitMs: 1000 },
    { failures: 12, waitMs: 2000 },
    { failures: 16, waitMs: 32_000 },
    { failures: 17, waitMs: 60_000 },
    { failures: 5000, waitMs: 60_000 },
  ]
  for (const { failures, waitMs } of WAITS) {
    it(`asks for ${waitMs} ms after ${failures} failures`, () => {
      fail(failures, '10.0.0.1')
      assert.equal(attempts.waitMs('10.0.0.1'), waitMs)
    })
  }

  it('forgets an address that has been quiet for a quarter of an hour', () => {
    fail(20, '10.0.0.1')
    nowMs += 15 * 60_000
    fail(1, '10.0.0.1')
    assert.equal(attempts.waitMs('10.0.0.1'), 0)
  })

  const SAME = [
    { it: 'the addresses of one IPv6 network', a: '2001:db8:1:2::1', b: '2001:db8:1:2:ffff::9', same: true },
    { it: 'two IPv6 networks', a: '2001:db8:1:2::1', b: '2001:db8:1:3::1', same: false },
    { it: 'a mapped address and its own', a: '::ffff:10.0.0.1', b: '10.0.0.1', same: true },
    { it: 'two mapped addresses', a: '::ffff:10.0.0.1', b: '::ffff:10.0.0.2', same: false },
    { it: 'two IPv4 addresses', a: '10.0.0.1', b: '10.0.0.2', same: false },
  ]
  for (const { it: name, a, b, same } of SAME) {
    it(`counts ${name} ${same ? 'together' : 'apart'}`, () => {
      fail(11, a)
      assert.equal(attempts.waitMs(b) > 0, same)
    })
  }

  it('lets a token on that worked from the address before, and makes others wait', () => {
    attempts.succeeded('10.0.0.1', 'job')
    fail(11, '10.0.0.1')
    assert.deepEqual([attempts.waitMs('10.0.0.1', 'job'), attempts.waitMs('10.0.0.1', 'other')], [0, 1000])
  })

  it('keeps a bounded number of addresses, and forgets the oldest', () => {
    fail(11, '10.0.0.1')
    for (let i = 0; i < 10_000; i++) attempts.failed(`10.1.${i >> 8}.${i & 255}`)
    assert.equal(attempts.addresses, 10_000)
    assert.equal(attempts.waitMs('10.0.0.1'), 0)
  })
})
