import assert from 'node:assert/strict'
import { commandOf } from '../../bench/command.ts'
import type { SuiteEntry } from '../../bench/suites/all.ts'

const entry = (name: string): SuiteEntry => ({
  suite: { name, about: '', run: () => Promise.reject(new Error('not run here')) },
  quickBudgetSeconds: 1,
})
const KNOWN = [entry('overhead'), entry('payload')]

describe('command of the benchmark', () => {
  const CASES = [
    { args: [], suites: ['overhead'], writes: true },
    { args: ['payload'], suites: ['payload'], writes: true },
    { args: ['all', '--quick'], suites: ['overhead', 'payload'], writes: false },
    { args: ['payload', 'overhead', '--quick', '--write'], suites: ['payload', 'overhead'], writes: true },
    { args: ['--flag=--access-log=false'], suites: ['overhead'], writes: false },
  ]
  for (const { args, suites, writes } of CASES) {
    it(`'${args.join(' ')}' runs ${suites.join(' and ')}, and ${writes ? 'writes' : 'only prints'}`, () => {
      const command = commandOf(args, KNOWN)
      assert.deepEqual(
        command.entries.map(({ suite }) => suite.name),
        suites,
      )
      assert.equal(command.writes, writes)
    })
  }

  it('hands flags and directories on', () => {
    const { flags, jsonDirectories } = commandOf(['--flag=--a=1', '--flag=--b', '--json', 'out'], KNOWN)
    assert.deepEqual({ flags, jsonDirectories }, { flags: ['--a=1', '--b'], jsonDirectories: ['out'] })
  })

  const REFUSED = [
    { args: ['overhaed'], message: "there is no suite 'overhaed'; the suites are overhead, payload, and" },
    { args: ['--quik'], message: '--quik' },
  ]
  for (const { args, message } of REFUSED) {
    it(`refuses '${args.join(' ')}' and says why`, () => {
      assert.throws(
        () => commandOf(args, KNOWN),
        (error: Error) => error.message.includes(message),
      )
    })
  }
})
