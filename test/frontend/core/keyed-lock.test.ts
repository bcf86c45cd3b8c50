import assert from 'node:assert/strict'
import { KeyedLock } from '../../../frontend/core/keyed-lock.ts'
import { settlePromises } from '../../support/fake-clock.ts'
import { gate } from '../../support/gate.ts'

describe('KeyedLock', () => {
  /** A lock, the steps that have begun, and actions that wait for their gates. */
  function fixture() {
    const lock = new KeyedLock()
    const begun: string[] = []
    const held = (name: string, until: Promise<unknown>) => async () => {
      begun.push(name)
      await until
      return name
    }
    return { lock, begun, held }
  }

  it('runs the actions of one key one after the other, in order', async () => {
    const { lock, begun, held } = fixture()
    const [first, second] = [gate(), gate()]
    const results = Promise.all([
      lock.run('m', held('a', first.promise)),
      lock.run('m', held('b', second.promise)),
      lock.run('m', held('c', Promise.resolve())),
    ])
    await settlePromises()
    assert.deepEqual(begun, ['a'])
    first.open()
    await settlePromises()
    assert.deepEqual(begun, ['a', 'b'])
    second.open()
    assert.deepEqual(await results, ['a', 'b', 'c'])
  })

  it('runs the actions of different keys at the same time', async () => {
    const { lock, begun, held } = fixture()
    const never = gate()
    void lock.run('m', held('a', never.promise))
    assert.equal(await lock.run('n', held('b', Promise.resolve())), 'b')
    assert.deepEqual(begun, ['a', 'b'])
  })

  it('goes on after an action that failed, whose caller gets the error', async () => {
    const { lock, held } = fixture()
    const failed = lock.run('m', () => Promise.reject(new Error('no')))
    const next = lock.run('m', held('b', Promise.resolve()))
    await assert.rejects(failed, { message: 'no' })
    assert.equal(await next, 'b')
  })

  it('turns a throw into a rejection', async () => {
    const { lock } = fixture()
    const thrown = lock.run('m', () => {
      throw new Error('at once')
    })
    await assert.rejects(thrown, { message: 'at once' })
  })
})
