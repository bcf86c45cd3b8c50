import assert from 'node:assert/strict'
import { ReusedMemory } from '../../../worker/contract/reused-memory.ts'

const MIB = 1024 * 1024

describe('ReusedMemory', () => {
  const memoryOf = (onUse = () => {}) => new ReusedMemory(onUse)

  it('hands out memory again that came back, the smallest that suffices', () => {
    const memory = memoryOf()
    const [small, large] = [memory.take(2 * MIB), memory.take(8 * MIB)]
    memory.give(large)
    memory.give(small)
    assert.equal(memory.take(MIB).buffer, small.buffer)
    assert.equal(memory.take(MIB).buffer, large.buffer)
  })

  it('has room for a payload that is a little longer than the last', () => {
    const memory = memoryOf()
    const taken = memory.take(2 * MIB + 100)
    memory.give(taken)
    assert.equal(memory.take(2 * MIB + 150).buffer, taken.buffer)
  })

  it('takes memory back by any view of it', () => {
    const memory = memoryOf()
    const taken = memory.take(2 * MIB)
    memory.give(taken.subarray(5, 7))
    const again = memory.take(MIB)
    assert.deepEqual([again.buffer, again.byteOffset, again.byteLength], [taken.buffer, 0, 2 * MIB])
  })

  it('tells of memory that comes back, perhaps when all was dropped', () => {
    let uses = 0
    const memory = memoryOf(() => (uses += 1))
    const taken = memory.take(MIB)
    memory.drop()
    memory.give(taken)
    assert.equal(uses, 2)
  })

  it('takes it back once, however often it is given', () => {
    const memory = memoryOf()
    const taken = memory.take(MIB)
    memory.give(taken)
    memory.give(taken)
    assert.equal(memory.take(MIB).buffer, taken.buffer)
    assert.notEqual(memory.take(MIB).buffer, taken.buffer)
  })

  const FORGOTTEN: readonly {
    readonly it: string
    readonly given: (memory: ReusedMemory) => Uint8Array[]
  }[] = [
    { it: 'keeps nothing that is not from it', given: () => [new Uint8Array(2 * MIB)] },
    { it: 'keeps no small one', given: (memory) => [memory.take(MIB - 1)] },
    { it: 'keeps no more than its limit', given: (memory) => [memory.take(69 * MIB)] },
  ]
  for (const { it: name, given } of FORGOTTEN) {
    it(name, () => {
      const memory = memoryOf()
      const all = given(memory)
      for (const each of all) memory.give(each)
      const taken = memory.take(MIB).buffer
      assert.ok(all.every(({ buffer }) => buffer !== taken))
    })
  }

  it('forgets what it keeps when it is told', () => {
    const memory = memoryOf()
    const taken = memory.take(MIB)
    memory.give(taken)
    memory.drop()
    assert.notEqual(memory.take(MIB).buffer, taken.buffer)
  })

  it('tells when large memory is taken, and only then', () => {
    let taken = 0
    const memory = memoryOf(() => taken++)
    memory.take(MIB - 1)
    assert.equal(taken, 0)
    memory.take(MIB)
    assert.equal(taken, 1)
  })
})
