import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelStore } from '../../../frontend/core/model-store.ts'
import { storeArchive } from '../../support/store-archives.ts'
import { temporaryDirectory, treeOf } from '../../support/temporary-directory.ts'

describe('ModelStore', () => {
  let root: Awaited<ReturnType<typeof temporaryDirectory>>
  let directory: string
  let objects: string
  let store: ModelStore
  beforeEach(async () => {
    root = await temporaryDirectory()
    directory = join(root.path, 'model-store')
    objects = join(root.path, 'state', 'objects')
    store = new ModelStore(directory, objects)
    await store.prepare()
  })
  afterEach(() => root.remove())

  const unpacked = async () => (await readdir(objects)).sort()

  describe('list', () => {
    it('names archives and nothing else, in order', async () => {
      for (const name of ['z.mar', 'a.tar.gz', 'notes.txt', '.hidden'])
        await writeFile(join(directory, name), '')
      await mkdir(join(directory, 'empty'))
      await symlink(join(directory, 'z.mar'), join(directory, 'link.mar'))
      await storeArchive(directory, 'exploded')
      assert.deepEqual(await store.list(), ['a.tar.gz', 'exploded', 'z.mar'])
    })

    it('is empty for a store that has just been made', async () => {
      assert.deepEqual(await store.list(), [])
    })
  })

  describe('load', () => {
    for (const name of ['m.mar', 'm']) {
      it(`unpacks '${name}' once, into a private directory named by its digest`, async () => {
        await storeArchive(directory, name, { config: 'maxBatchRows: 8', version: '3' })
        const stored = await store.load(name)
        assert.deepEqual(await unpacked(), [stored.digest])
        assert.equal(stored.modelDir, join(objects, stored.digest))
        assert.equal(stored.archive, name)
        assert.equal(stored.manifest.model.modelVersion, '3')
        assert.deepEqual(stored.config, { maxBatchRows: 8 })
        assert.ok(stored.modelBytes > 0)
        assert.deepEqual(await store.load(name), stored)
      })
    }

    it('gives changed archives a directory of their own', async () => {
      await storeArchive(directory, 'm.mar', { labels: 'old' })
      const old = await store.load('m.mar')
      await storeArchive(directory, 'm.mar', { labels: 'new' })
      const fresh = await store.load('m.mar')
      assert.deepEqual(await unpacked(), [old.digest, fresh.digest].sort())
      assert.equal(await readFile(join(old.modelDir, 'labels.txt'), 'utf8'), 'old')
      assert.equal(await readFile(join(fresh.modelDir, 'labels.txt'), 'utf8'), 'new')
    })

    it('may be asked for the same archive many times at once', async () => {
      await storeArchive(directory, 'm.mar')
      const all = await Promise.all(Array.from({ length: 8 }, () => store.load('m.mar')))
      assert.equal(new Set(all.map(({ modelDir }) => modelDir)).size, 1)
      assert.deepEqual(await unpacked(), [all[0]?.digest])
    })

    it('says what there is when an archive is absent', async () => {
      await storeArchive(directory, 'm.mar')
      await assert.rejects(store.load('x.mar'), {
        code: 'not_found',
        reason: 'archive',
        message: "archive 'x.mar' is not in the model store; it holds: m.mar",
      })
    })

    it('says that an empty store is empty', async () => {
      await assert.rejects(store.load('x.mar'), { message: /it is empty$/ })
    })

    const SPELLINGS = [
      '../secret',
      '..',
      '.',
      '',
      '/etc/passwd',
      'a/b.mar',
      'a\\b.mar',
      '..\\secret',
      '%2e%2e%2fsecret',
      '....//secret',
      '.onnxserve',
      'a..b',
      'm.mar\0',
      'm.mar\n',
      ' m.mar',
      'm.mar ',
      'C:secret',
      'file:///etc/passwd',
      'http://example.org/m.mar',
      '~/m.mar',
      '\u{2025}secret',
      'ｍ.mar',
      '__proto__',
      'a'.repeat(129),
    ]
    for (const name of SPELLINGS) {
      it(`refuses ${JSON.stringify(name)} without touching the disk`, async () => {
        await writeFile(join(root.path, 'secret'), 'x')
        await assert.rejects(store.load(name), { code: 'invalid_argument', reason: 'archive_name' })
        assert.deepEqual(await unpacked(), [])
      })
    }

    it('refuses a link, wherever it leads', async () => {
      await storeArchive(root.path, 'outside.mar')
      await storeArchive(directory, 'inside.mar')
      for (const target of [join(root.path, 'outside.mar'), 'inside.mar', join(root.path, 'nowhere')]) {
        await symlink(target, join(directory, 'm.mar'))
        await assert.rejects(store.load('m.mar'), { code: 'invalid_argument' })
        await rm(join(directory, 'm.mar'))
      }
    })

    it('works when the store itself is reached over a link', async () => {
      await storeArchive(directory, 'm.mar')
      await symlink(directory, join(root.path, 'link'))
      const linked = new ModelStore(join(root.path, 'link'), objects)
      assert.equal((await linked.load('m.mar')).archive, 'm.mar')
    })

    it('leaves nothing of a broken archive', async () => {
      await storeArchive(directory, 'm')
      await writeFile(join(directory, 'm', 'labels.txt'), 'not what the manifest says')
      await assert.rejects(store.load('m'), { code: 'invalid_argument', reason: 'archive' })
      assert.deepEqual(await unpacked(), [])
    })
  })

  describe('restore', () => {
    it('needs no archive any more', async () => {
      await storeArchive(directory, 'm.mar', { config: 'maxBatchRows: 8' })
      const stored = await store.load('m.mar')
      await rm(join(directory, 'm.mar'))
      assert.deepEqual(await store.restore('m.mar', stored.digest), stored)
    })

    it('brings back what was registered, although the archive has changed', async () => {
      await storeArchive(directory, 'm.mar', { labels: 'old' })
      const { digest } = await store.load('m.mar')
      await storeArchive(directory, 'm.mar', { labels: 'new' })
      const { modelDir } = await store.restore('m.mar', digest)
      assert.equal(await readFile(join(modelDir, 'labels.txt'), 'utf8'), 'old')
    })

    it('says so when the unpacked files are gone', async () => {
      await assert.rejects(store.restore('m.mar', 'd1'), {
        code: 'not_found',
        message: "the unpacked files of archive 'm.mar' are gone: d1",
      })
    })

    it('refuses files that were changed on the disk, be it in one byte', async () => {
      await storeArchive(directory, 'm.mar', { labels: 'good' })
      const { modelDir, digest } = await store.load('m.mar')
      await chmod(join(modelDir, 'labels.txt'), 0o640)
      await writeFile(join(modelDir, 'labels.txt'), 'goof')
      await assert.rejects(store.restore('m.mar', digest), { code: 'invalid_argument' })
    })
  })

  describe('what is left behind', () => {
    it('clears interrupted unpacking at start, and nothing else', async () => {
      await storeArchive(directory, 'm.mar')
      const { digest } = await store.load('m.mar')
      await rename(join(objects, digest), join(objects, 'kept'))
      await mkdir(join(objects, 'half-done.tmp'))
      await store.prepare()
      assert.deepEqual(await unpacked(), ['kept'])
    })

    it('collects what nothing names, but not what is being unpacked', async () => {
      for (const name of ['used', 'used.prepared', 'unused', 'unused.prepared', 'arriving.tmp'])
        await mkdir(join(objects, name))
      await store.collect(new Set(['used']))
      assert.deepEqual(await unpacked(), ['arriving.tmp', 'used', 'used.prepared'])
    })

    it('never changes the archives', async () => {
      await storeArchive(directory, 'm.mar')
      await storeArchive(directory, 'n')
      const before = await treeOf(directory)
      for (const name of ['m.mar', 'n']) await store.load(name)
      await store.collect(new Set())
      assert.deepEqual(await treeOf(directory), before)
    })
  })
})
