import assert from 'node:assert/strict'
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ArchiveFetcher } from '../../../frontend/download/archive-fetcher.ts'
import { CoreHome, type CoreInstance } from '../../support/core-fixture.ts'
import { OriginServer } from '../../support/origin-server.ts'
import { storeArchive } from '../../support/store-archives.ts'

describe('LocatedArchives', () => {
  let home: CoreHome
  let origin: OriginServer
  let elsewhere: string
  let url: string
  let served: Buffer
  beforeEach(async () => {
    home = await CoreHome.create()
    elsewhere = join(home.stateDir, '../elsewhere')
    await mkdir(elsewhere)
    await storeArchive(home.modelStore, 'm.mar', { version: '1' })
    await storeArchive(elsewhere, 'far.mar', { version: '2' })
    await storeArchive(elsewhere, 'directory', { version: '3' })
    served = await readFile(join(elsewhere, 'far.mar'))
    origin = await OriginServer.open((_, res) => res.end(served))
    url = `http://127.0.0.1:${origin.port}/far.mar`
  })
  afterEach(async () => {
    await origin.close()
    await home.remove()
  })

  const downloads = () => readdir(join(home.stateDir, 'downloads')).catch(() => [])

  function started(): Promise<CoreInstance> {
    const fetcher = new ArchiveFetcher({
      allowed: [
        { protocol: 'http:', host: `127.0.0.1:${origin.port}`, path: '/' },
        { protocol: 'file:', host: '', path: elsewhere },
      ],
      allowPrivateAddresses: true,
      maxBytes: 1_000_000,
      timeoutMs: 5000,
      directory: join(home.stateDir, 'downloads'),
    })
    return home.started(undefined, { fetcher })
  }

  it('registers by name, by http, and from an allowed directory', async () => {
    const core = await started()
    for (const archive of ['m.mar', url, join(elsewhere, 'directory')]) await core.register(archive)
    assert.deepEqual(core.versions(), ['m/1* ready 1', 'm/2 ready 1', 'm/3 ready 1'])
    assert.equal(await core.ask('m', '2'), 'm/2: r')
  })

  it('puts nothing into the store, leaves no download, and says where a version came from', async () => {
    const core = await started()
    await core.register(`${url}?signature=secret`)
    assert.deepEqual([await readdir(home.modelStore), await downloads()], [['m.mar'], []])
    assert.equal(core.controlPlane.describe({ name: 'm' })[0]?.archive, url)
    await core.controlPlane.unregister({ name: 'm' })
    assert.deepEqual(await readdir(home.modelStore), ['m.mar'])
  })

  it('brings a version from elsewhere back without fetching it again', async () => {
    await (await started()).register(url)
    const core = await started()
    assert.deepEqual([core.versions(), origin.connections], [['m/2* ready 1'], 1])
  })

  it('takes the same archive again as done, from wherever it comes', async () => {
    const core = await started()
    await core.register(url)
    assert.equal((await core.register(join(elsewhere, 'far.mar'))).existing, true)
  })

  it('refuses another file than the one that was meant', async () => {
    const core = await started()
    const registering = core.controlPlane.register({
      archive: url,
      sha256: '0'.repeat(64),
      synchronous: true,
    })
    await assert.rejects(registering, {
      code: 'invalid_argument',
      message: /has the SHA-256 [0-9a-f]{64}, and/,
    })
    assert.deepEqual([core.versions(), await downloads()], [[], []])
  })

  it('refuses what is no archive, and leaves nothing of it', async () => {
    served = Buffer.from('<html>')
    const core = await started()
    await assert.rejects(core.register(url), { code: 'invalid_argument', reason: 'archive' })
    assert.deepEqual([core.versions(), await downloads()], [[], []])
  })

  it('fetches nothing without a fetcher: an address is no name', async () => {
    const core = await home.started()
    await assert.rejects(core.register(url), { code: 'invalid_argument', reason: 'archive_name' })
  })
})
