import assert from 'node:assert/strict'
import { addressProblem } from '../../../frontend/download/public-address.ts'

describe('addressProblem', () => {
  for (const address of ['8.8.8.8', '93.184.216.34', '2606:4700::1111', '::ffff:8.8.8.8']) {
    it(`has nothing against ${address}`, () => assert.equal(addressProblem(address, false), undefined))
  }

  const PRIVATE = [
    '127.0.0.1',
    '127.8.9.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
  ]
  for (const address of [...PRIVATE, '::ffff:127.0.0.1', '::ffff:10.0.0.1']) {
    it(`refuses ${address}, unless private addresses are allowed`, () => {
      assert.match(addressProblem(address, false) ?? '', /is not a public address/)
      assert.equal(addressProblem(address, true), undefined)
    })
  }

  for (const address of [
    '169.254.169.254',
    'fe80::1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '2002:7f00:1::',
    '2001::1',
    '::7f00:1',
    '::ffff:0:127.0.0.1',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '240.0.0.1',
    '192.0.0.192',
    '198.18.0.1',
    '2001:db8::1',
    '168.63.129.16',
    'fec0::1',
    'localhost',
    '',
  ]) {
    it(`refuses '${address}' in any case`, () => {
      assert.notEqual(addressProblem(address, false), undefined)
      assert.notEqual(addressProblem(address, true), undefined)
    })
  }
})
