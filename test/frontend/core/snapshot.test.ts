import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SnapshotStore, UnkeptState, type RegistryState } from '../../../frontend/core/snapshot.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** A registry of one version, told apart by its number of workers. */
function stateOf(minWorkers: number): RegistryState {
  const settings = { minWorkers, maxBatchRows: 100, handler: { labels: ['a', 'ü'] } }
  const versions = [{ version: '1.0', archive: 'm.mar', digest: `d${minWorkers}`, settings }]
  return { models: [{ name: 'm', defaultVersion: '1.0', versions }] }
}

describe('UnkeptState', () => {
  it('brings nothing back, writes nothing, and leaves what was saved', async () => {
    const root = await temporaryDirectory()
    const saved = new SnapshotStore(join(root.path, 'registry'))
    await saved.read()
    await saved.write(stateOf(1))
    const unkept = new UnkeptState(saved)
    await unkept.write()
    assert.equal(await unkept.read(), undefined)
    assert.deepEqual(await unkept.digestsInUse(), new Set(['d1']))
    assert.deepEqual(await new SnapshotStore(join(root.path, 'registry')).read(), stateOf(1))
    await root.remove()
  })
})

describe('SnapshotStore', () => {
  let root: Awaited<ReturnType<typeof temporaryDirectory>>
  let directory: string
  beforeEach(async () => {
    root = await temporaryDirectory()
    directory = join(root.path, 'registry')
  })
  afterEach(() => root.remove())

  const pathOf = (generation: number) => join(directory, `registry-${generation}.json`)
  const files = async () => (await readdir(directory)).sort()
  /** What a server that starts now would see. */
  const seen = () => new SnapshotStore(directory).read()

  /** A store that has written so many generations; generation n has n workers. */
  async function written(generations: number): Promise<SnapshotStore> {
    const store = new SnapshotStore(directory)
    await store.read()
    for (let n = 1; n <= generations; n++) await store.write(stateOf(n))
    return store
  }

  it('has nothing before the first write', async () => {
    assert.equal(await seen(), undefined)
  })

  it('brings back what was written last', async () => {
    await written(2)
    assert.deepEqual(await seen(), stateOf(2))
  })

  it('brings back an empty registry: that is a state, too', async () => {
    const store = await written(1)
    await store.write({ models: [] })
    assert.deepEqual(await seen(), { models: [] })
  })

  it('keeps the last three generations and nothing else', async () => {
    await written(5)
    assert.deepEqual(await files(), ['registry-3.json', 'registry-4.json', 'registry-5.json'])
  })

  it('orders generations by number, not by name', async () => {
    await written(11)
    assert.deepEqual(await seen(), stateOf(11))
  })

  it('lets nobody else read it', async () => {
    await written(1)
    assert.equal((await stat(directory)).mode & 0o777, 0o700)
    assert.equal((await stat(pathOf(1))).mode & 0o777, 0o600)
  })

  it('names every archive that a kept generation needs', async () => {
    const store = await written(5)
    assert.deepEqual([...(await store.digestsInUse())].sort(), ['d3', 'd4', 'd5'])
  })

  describe('with a damaged newest generation', () => {
    const DAMAGE: readonly (readonly [it: string, damage: (path: string) => Promise<unknown>])[] = [
      ['is empty', (path) => writeFile(path, '')],
      ['ends early', async (path) => writeFile(path, (await readFile(path)).subarray(0, -1))],
      ['is cut in the middle', async (path) => writeFile(path, (await readFile(path)).subarray(0, 90))],
      ['is all zeros, as after a power loss', async (path) => writeFile(path, Buffer.alloc(300))],
      ['is JSON of something else', (path) => writeFile(path, '{"generation":3}')],
      ['is another generation under its name', async (path) => writeFile(path, await readFile(pathOf(2)))],
      ['cannot be read', async (path) => rm(path).then(() => mkdir(path))],
      ['has a setting that is unknown', (path) => alter(path, '"minWorkers"', '"minWorker"')],
    ]
    for (const [claim, damage] of DAMAGE) {
      it(`takes the one before when it ${claim}`, async () => {
        await written(3)
        await damage(pathOf(3))
        assert.deepEqual(await seen(), stateOf(2))
      })
    }

    it('takes the one before whichever bit of it flips', async function () {
      this.timeout(60_000)
      await written(2)
      const whole = await readFile(pathOf(2))
      const store = new SnapshotStore(directory)
      const accepted: string[] = []
      for (let bit = 0; bit < 8 * whole.length; bit++) {
        const flipped = Buffer.from(whole)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        await writeFile(pathOf(2), flipped)
        const workers = (await store.read())?.models[0]?.versions[0]?.settings.minWorkers
        accepted.push(...(workers === 1 ? [] : [`bit ${bit & 7} of byte ${bit >> 3}: ${flipped.toString()}`]))
      }
      assert.deepEqual(accepted, [])
    })

    it('takes the third when two are damaged', async () => {
      await written(3)
      await writeFile(pathOf(3), 'x')
      await writeFile(pathOf(2), 'x')
      assert.deepEqual(await seen(), stateOf(1))
    })

    it('refuses to start empty when all are damaged', async () => {
      await written(3)
      for (const generation of [1, 2, 3]) await writeFile(pathOf(generation), 'x')
      await assert.rejects(seen(), {
        code: 'failed_precondition',
        reason: 'snapshot',
        message: `none of the registry snapshots in ${directory} is readable; restore one, or move them away to start empty`,
      })
    })

    it('writes a newer generation than the damaged one', async () => {
      await written(3)
      await writeFile(pathOf(3), 'x')
      const store = new SnapshotStore(directory)
      await store.read()
      await store.write(stateOf(9))
      assert.deepEqual(await seen(), stateOf(9))
      assert.deepEqual(await files(), [
        'registry-1.json',
        'registry-2.json',
        'registry-3.json.unreadable',
        'registry-4.json',
      ])
    })

    it('keeps it aside, and says so once', async () => {
      await written(3)
      await writeFile(pathOf(3), 'x')
      const store = new SnapshotStore(directory)
      await store.read()
      assert.deepEqual(store.damage, [
        `the registry snapshot ${pathOf(3)} is unreadable; generation 2, an earlier one, counts: changes made after it are lost; the file is kept as registry-3.json.unreadable`,
      ])
      assert.equal(await readFile(`${pathOf(3)}.unreadable`, 'utf8'), 'x')
      await store.read()
      assert.deepEqual(store.damage, [])
    })

    it('leaves everything in its place when no generation is whole', async () => {
      await written(2)
      for (const generation of [1, 2]) await writeFile(pathOf(generation), 'x')
      await assert.rejects(seen())
      assert.deepEqual(await files(), ['registry-1.json', 'registry-2.json'])
    })

    it('names the archives of the generations that are whole', async () => {
      const store = await written(3)
      await writeFile(pathOf(3), 'x')
      assert.deepEqual([...(await store.digestsInUse())].sort(), ['d1', 'd2'])
    })
  })

  describe('after a crash during a write', () => {
    const REMAINS: readonly (readonly [it: string, leave: () => Promise<unknown>, workers: number])[] = [
      ['that had only begun', () => writeFile(join(directory, 'registry-4.tmp'), ''), 3],
      ['that was half done', async () => writeFile(join(directory, 'registry-4.tmp'), await half()), 3],
      [
        'that was not renamed yet',
        async () => writeFile(join(directory, 'registry-4.tmp'), await fourth()),
        3,
      ],
      ['that had not forgotten the oldest yet', async () => writeFile(pathOf(4), await fourth()), 4],
    ]
    const fourth = async () => {
      const elsewhere = new SnapshotStore(join(root.path, 'elsewhere'))
      await elsewhere.read()
      for (let n = 1; n <= 4; n++) await elsewhere.write(stateOf(n))
      return readFile(join(root.path, 'elsewhere', 'registry-4.json'))
    }
    const half = async () => (await fourth()).subarray(0, 100)

    for (const [claim, leave, workers] of REMAINS) {
      it(`is readable and writable ${claim}`, async () => {
        await written(3)
        await leave()
        const store = new SnapshotStore(directory)
        assert.deepEqual(await store.read(), stateOf(workers))
        await store.write(stateOf(7))
        assert.deepEqual(await seen(), stateOf(7))
        assert.equal((await files()).length, 3)
      })
    }
  })

  describe('after a failed write', () => {
    const OBSTACLES = ['registry-3.tmp', 'registry-3.json'] as const
    for (const obstacle of OBSTACLES) {
      it(`still has the state before it, and writes the next one whole (${obstacle} in the way)`, async () => {
        const store = await written(2)
        await mkdir(join(directory, obstacle))
        await assert.rejects(store.write(stateOf(8)), { code: 'EISDIR' })
        assert.deepEqual(await seen(), stateOf(2))
        await rm(join(directory, obstacle), { recursive: true, force: true })
        await store.write(stateOf(9))
        assert.deepEqual(await seen(), stateOf(9))
      })
    }
  })

  it('ignores files that are not its own', async () => {
    await written(1)
    await writeFile(join(directory, 'registry-9.json.bak'), 'x')
    await writeFile(join(directory, 'notes.txt'), 'x')
    assert.deepEqual(await seen(), stateOf(1))
  })
})

async function alter(path: string, from: string, to: string): Promise<void> {
  await writeFile(path, (await readFile(path, 'utf8')).replace(from, to))
}
