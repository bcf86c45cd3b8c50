import assert from 'node:assert/strict'
import { BodyMemory } from '../../../frontend/http/body-memory.ts'

const MIB = 1024 * 1024

describe('BodyMemory', () => {
  const memoryWithPace = () => {
    const relaxed: string[] = []
    return { memory: new BodyMemory({ relax: () => relaxed.push('relaxed') }), relaxed }
  }

  it('hands out memory again that came back, the smallest that suffices', () => {
    const { memory } = memoryWithPace()
    const [small, large] = [memory.take(2 * MIB), memory.take(8 * MIB)]
    memory.give(large)
    memory.give(small)
    assert.equal(memory.take(MIB).buffer, small.buffer)
    assert.equal(memory.take(MIB).buffer, large.buffer)
  })

  it('takes memory back by any view of it', () => {
    const { memory } = memoryWithPace()
    const taken = memory.take(2 * MIB)
    memory.give(taken.subarray(5, 7))
    const again = memory.take(MIB)
    assert.deepEqual([again.buffer, again.byteOffset, again.byteLength], [taken.buffer, 0, 2 * MIB])
  })

  it('takes it back once, however often it is given', () => {
    const { memory } = memoryWithPace()
    const taken = memory.take(MIB)
    memory.give(taken)
    memory.give(taken)
    assert.equal(memory.take(MIB).buffer, taken.buffer)
    assert.notEqual(memory.take(MIB).buffer, taken.buffer)
  })

  const FORGOTTEN: readonly { readonly it: string; readonly given: (memory: BodyMemory) => Uint8Array[] }[] =
    [
      { it: 'keeps nothing that is not from it', given: () => [new Uint8Array(2 * MIB)] },
      { it: 'keeps no small one', given: (memory) => [memory.take(MIB - 1)] },
      { it: 'keeps no more than its limit', given: (memory) => [memory.take(69 * MIB)] },
    ]
  for (const { it: name, given } of FORGOTTEN) {
    it(name, () => {
      const { memory } = memoryWithPace()
      const all = given(memory)
      for (const each of all) memory.give(each)
      const taken = memory.take(MIB).buffer
      assert.ok(all.every(({ buffer }) => buffer !== taken))
    })
  }

  it('forgets what it keeps when it is told', () => {
    const { memory } = memoryWithPace()
    const taken = memory.take(MIB)
    memory.give(taken)
    memory.drop()
    assert.notEqual(memory.take(MIB).buffer, taken.buffer)
  })

  it('has the heap collected at the relaxed pace for large ones only', () => {
    const { memory, relaxed } = memoryWithPace()
    memory.take(MIB - 1)
    assert.deepEqual(relaxed, [])
    memory.take(MIB)
    assert.deepEqual(relaxed, ['relaxed'])
  })
})
