import assert from 'node:assert/strict'
import type { BigIntStats } from 'node:fs'
import { KnownDigests } from '../../../archiver-cli/format/known-digests.ts'

const WRITTEN_AT_MS = 1_000_000
const FILE = {
  dev: 1n,
  ino: 2n,
  size: 3n,
  mtimeNs: BigInt(WRITTEN_AT_MS) * 1_000_000n,
  ctimeNs: BigInt(WRITTEN_AT_MS) * 1_000_000n,
  ctimeMs: BigInt(WRITTEN_AT_MS),
}

function fixture(ageMs = 60_000) {
  const reads: string[] = []
  const digests = new KnownDigests(() => WRITTEN_AT_MS + ageMs)
  const digestOf = (file: Partial<typeof FILE> = {}, digest = 'd') =>
    digests.of({ ...FILE, ...file } as BigIntStats, () => {
      reads.push(digest)
      return Promise.resolve(digest)
    })
  return { digestOf, reads }
}

describe('KnownDigests', () => {
  it('reads a file once as long as nothing of it changes', async () => {
    const { digestOf, reads } = fixture()
    assert.deepEqual([await digestOf({}, 'first'), await digestOf({}, 'second')], ['first', 'first'])
    assert.deepEqual(reads, ['first'])
  })

  for (const key of ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const) {
    it(`reads one whose ${key} is another`, async () => {
      const { digestOf } = fixture()
      await digestOf({}, 'before')
      assert.equal(await digestOf({ [key]: 99n }, 'after'), 'after')
    })
  }

  it('reads one again that was written to only just before: another write may have the same time', async () => {
    const { digestOf } = fixture(2000)
    await digestOf({}, 'before')
    assert.equal(await digestOf({}, 'after'), 'after')
  })

  it('remembers nothing of a file that could not be read', async () => {
    const digests = new KnownDigests(() => WRITTEN_AT_MS + 60_000)
    const file = FILE as unknown as BigIntStats
    await assert.rejects(digests.of(file, () => Promise.reject(new Error('unreadable'))))
    assert.equal(await digests.of(file, () => Promise.resolve('read')), 'read')
  })

  it('remembers the thousand that were asked for last', async () => {
    const { digestOf, reads } = fixture()
    for (let ino = 0n; ino < 1000n; ino++) await digestOf({ ino })
    await digestOf({ ino: 0n })
    await digestOf({ ino: 1000n })
    reads.length = 0
    await digestOf({ ino: 0n }, 'kept')
    await digestOf({ ino: 1n }, 'forgotten')
    assert.deepEqual(reads, ['forgotten'])
  })
})
