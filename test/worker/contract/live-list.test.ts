import assert from 'node:assert/strict'
import { LiveList } from '../../../worker/contract/live-list.ts'

describe('LiveList', () => {
  let list: LiveList<string>
  const places = () => ['a', 'b', 'c'].map((member) => list.add(member))

  beforeEach(() => {
    list = new LiveList()
  })

  for (const removed of [0, 1, 2]) {
    it(`keeps the others when member ${removed} is removed`, () => {
      const all = places()
      const place = all[removed]
      assert(place !== undefined)
      assert.equal(list.remove(place), true)
      assert.deepEqual(
        [...list].toSorted(),
        ['a', 'b', 'c'].filter((_, index) => index !== removed),
      )
      assert.equal(list.size, 2)
    })
  }

  it('removes each place once, and not what has taken it over', () => {
    const [first] = places()
    assert(first !== undefined)
    list.remove(first)
    assert.equal(list.remove(first), false)
    assert.equal(list.size, 2)
  })

  it('removes members in any order', () => {
    const all = places()
    for (const place of all.toReversed()) assert.equal(list.remove(place), true)
    assert.deepEqual([list.size, [...list]], [0, []])
  })

  it('has equal members apart', () => {
    const place = list.add('a')
    list.add('a')
    list.remove(place)
    assert.deepEqual([...list], ['a'])
  })

  it('finds the place of a member', () => {
    const [, second] = places()
    assert.equal(
      list.find((member) => member === 'b'),
      second,
    )
    assert.equal(
      list.find((member) => member === 'd'),
      undefined,
    )
  })

  it('tells the members of the moment, whatever is removed meanwhile', () => {
    const all = places()
    const told: string[] = []
    for (const member of list) {
      told.push(member)
      for (const place of all) list.remove(place)
    }
    assert.deepEqual([told, list.size], [['a', 'b', 'c'], 0])
  })

  it('is empty when it was cleared', () => {
    const [first] = places()
    list.clear()
    assert(first !== undefined)
    assert.deepEqual([list.size, list.remove(first)], [0, false])
  })
})
