import assert from 'node:assert/strict'
import { IntegerVersions } from '../../../frontend/core/integer-versions.ts'

/** Versions added in this order, written `name` or `name@earlier`. */
function integersOf(...added: readonly string[]): string[] {
  const integers = new IntegerVersions()
  const names = added.map((each) => {
    const [name = '', earlier] = each.split('@')
    integers.add(name, earlier)
    return name
  })
  return names.map((name) => `${name}=${integers.of(name) ?? 'none'}`)
}

describe('IntegerVersions', () => {
  const CASES: readonly (readonly [it: string, added: readonly string[], integers: readonly string[]])[] = [
    ['leaves an integer as it is', ['7', '12'], ['7=7', '12=12']],
    ['reads leading zeros as TF Serving does', ['00000123'], ['00000123=123']],
    [
      'keeps integers beyond what a number holds',
      ['9007199254740993', '9223372036854775807'],
      ['9007199254740993=9007199254740993', '9223372036854775807=9223372036854775807'],
    ],
    ['takes the integer that a name begins with', ['1.0', 'v2.1', '3-rc'], ['1.0=1', 'v2.1=2', '3-rc=3']],
    [
      'takes the next one where that is taken',
      ['1.0', '1.1', '5', '1.2'],
      ['1.0=1', '1.1=2', '5=5', '1.2=6'],
    ],
    ['counts from 1 where a name begins with no integer', ['beta', 'gamma'], ['beta=1', 'gamma=2']],
    ['is no integer beyond 2^63-1', ['9223372036854775808'], ['9223372036854775808=1']],
    ['keeps what it had in an earlier run', ['1.0@4', '1.1@3'], ['1.0=4', '1.1=3']],
    ['gives one integer to one version only', ['1.0@4', '2.0@4'], ['1.0=4', '2.0=5']],
    ['gives way to the version whose name it is', ['1.0', '1'], ['1.0=2', '1=1']],
    ['lets the first of two spellings have it', ['7', '007'], ['7=7', '007=8']],
  ]
  for (const [claim, added, integers] of CASES) {
    it(claim, () => assert.deepEqual(integersOf(...added), integers))
  }

  it('finds a version by its integer, however that is written', () => {
    const integers = new IntegerVersions()
    integers.add('2.1')
    assert.deepEqual(
      ['2', '02', '3', '-2', '2.1', '', '9'.repeat(1000)].map((each) => integers.versionOf(each)),
      ['2.1', '2.1', undefined, undefined, undefined, undefined, undefined],
    )
  })

  it('frees the integer of a version that is gone', () => {
    const integers = new IntegerVersions()
    integers.add('2.1')
    integers.remove('2.1')
    assert.equal(integers.of('2.1'), undefined)
    assert.equal(integers.versionOf('2'), undefined)
  })
})
