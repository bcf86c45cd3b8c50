import assert from 'node:assert/strict'
import type { Peer } from '../../../bench/peers/peers.ts'
import { findPython } from '../../../bench/peers/python.ts'

const PEER: Peer = {
  title: 'Nobody',
  name: 'nobody',
  modules: ['module_that_nobody_has'],
  path: '/',
  body: () => ({}),
  answer: () => [],
  kind: 'variant',
}

describe('findPython', function () {
  this.timeout(30_000) // of starting Python

  it('says what is missing and how to install it', () => {
    const found = findPython(PEER)
    assert.ok('reason' in found)
    assert.match(found.reason, /module_that_nobody_has|ENOENT/)
    assert.match(found.reason, /bench\/peers\/install\.sh nobody/)
  })
})
