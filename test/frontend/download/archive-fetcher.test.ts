import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { ArchiveFetcher, type ArchiveFetcherOptions } from '../../../frontend/download/archive-fetcher.ts'
import { OriginServer } from '../../support/origin-server.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const CONTENT = Buffer.from('archive bytes')

describe('ArchiveFetcher', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let downloads: string
  const servers: OriginServer[] = []
  beforeEach(async () => {
    directory = await temporaryDirectory()
    downloads = join(directory.path, 'downloads')
  })
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()))
    await directory.remove()
  })

  async function origin(answer?: RequestListener): Promise<OriginServer> {
    const server = await OriginServer.open(answer)
    servers.push(server)
    return server
  }

  /** A fetcher that may reach `http://models.example:<port>/a/`, which is on this machine. */
  function fetcher(port: number, changes: Partial<ArchiveFetcherOptions> = {}): ArchiveFetcher {
    return new ArchiveFetcher({
      allowed: [{ protocol: 'http:', host: `models.example:${port}`, path: '/a/' }],
      allowPrivateAddresses: true,
      maxBytes: 100,
      timeoutMs: 5000,
      directory: downloads,
      resolve: async () => ['127.0.0.1'],
      ...changes,
    })
  }

  const leftovers = () => readdir(downloads).catch(() => [])

  describe('over http', () => {
    it('streams an archive to a file, names it without its secrets, and removes it when told', async () => {
      const { port } = await origin((_, res) => res.end(CONTENT))
      const url = `http://models.example:${port}/a/m.mar`
      const fetched = await fetcher(port).fetch(`${url}?signature=secret#x`)
      assert.equal(fetched.name, url)
      assert.deepEqual(await readFile(fetched.path), CONTENT)
      await fetched.release()
      assert.deepEqual(await leftovers(), [])
    })

    it('follows a redirect to an allowed address', async () => {
      const { port } = await origin((req, res) => {
        if (req.url === '/a/new.mar') res.end(CONTENT)
        else res.writeHead(302, { location: '/a/new.mar' }).end()
      })
      const { path } = await fetcher(port).fetch(`http://models.example:${port}/a/old.mar`)
      assert.deepEqual(await readFile(path), CONTENT)
    })

    it('asks for the bytes as they are, with the name of the host', async () => {
      const asked: unknown[] = []
      const { port } = await origin(({ headers }, res) => {
        asked.push(headers.host, headers['accept-encoding'])
        res.end(CONTENT)
      })
      await fetcher(port).fetch(`http://models.example:${port}/a/m.mar`)
      assert.deepEqual(asked, [`models.example:${port}`, 'identity'])
    })

    const FAILURES: readonly {
      readonly it: string
      readonly answer: RequestListener
      readonly code: string
      readonly message: RegExp
    }[] = [
      {
        it: 'an announced size beyond the limit',
        answer: (_, res) => res.writeHead(200, { 'content-length': 101 }).flushHeaders(),
        code: 'resource_exhausted',
        message: /larger than 100 bytes, the limit max_download_bytes/,
      },
      {
        it: 'an endless body',
        answer: (_, res) => {
          const write = () => res.write('x'.repeat(60), write)
          write()
        },
        code: 'resource_exhausted',
        message: /larger than 100 bytes/,
      },
      {
        it: 'a body that is cut',
        answer: (_, res) => {
          res.writeHead(200, { 'content-length': 50 }).write('half', () => res.destroy())
        },
        code: 'invalid_argument',
        message: /could not be fetched from 'http:\/\/models\.example:\d+\/a\/m\.mar': aborted/,
      },
      {
        it: 'a status that is not 200',
        answer: (_, res) => res.writeHead(404).end(),
        code: 'invalid_argument',
        message: /: status 404$/,
      },
      {
        it: 'a body that comes packed',
        answer: (_, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
        code: 'invalid_argument',
        message: /: it comes as gzip$/,
      },
      {
        it: 'a redirect that goes round',
        answer: (_, res) => res.writeHead(302, { location: '/a/m.mar' }).end(),
        code: 'invalid_argument',
        message: /redirected more than 3 times/,
      },
      {
        it: 'a redirect to nowhere',
        answer: (_, res) => res.writeHead(302).end(),
        code: 'invalid_argument',
        message: /: status 302$/,
      },
    ]
    for (const { it: claim, answer, code, message } of FAILURES) {
      it(`refuses ${claim}, and leaves nothing`, async () => {
        const { port } = await origin(answer)
        await assert.rejects(fetcher(port).fetch(`http://models.example:${port}/a/m.mar`), { code, message })
        assert.deepEqual(await leftovers(), [])
      })
    }

    const SILENT: readonly (readonly [string, RequestListener])[] = [
      ['does not answer', () => undefined],
      ['stops in the middle', (_, res) => res.writeHead(200).write('x')],
    ]
    for (const [claim, answer] of SILENT) {
      it(`gives up on a server that ${claim}`, async () => {
        const { port } = await origin(answer)
        const fetching = fetcher(port, { timeoutMs: 100 }).fetch(`http://models.example:${port}/a/m.mar`)
        await assert.rejects(fetching, { code: 'deadline_exceeded', message: /within 100 ms, the limit/ })
        assert.deepEqual(await leftovers(), [])
      })
    }

    it('gives up on a name that nobody tells the address of', async () => {
      const resolve = () => new Promise<never>(() => undefined)
      const fetching = fetcher(1, { resolve, timeoutMs: 50 }).fetch('http://models.example:1/a/m.mar')
      await assert.rejects(fetching, { code: 'deadline_exceeded', message: /within 50 ms, the limit/ })
      assert.deepEqual(await leftovers(), [])
    })

    it('says that a host is not known', async () => {
      const resolve = () => Promise.reject(new Error('getaddrinfo ENOTFOUND'))
      await assert.rejects(fetcher(1, { resolve }).fetch('http://models.example:1/a/m.mar'), {
        code: 'invalid_argument',
        message: /ENOTFOUND/,
      })
    })

    it('clears what a killed server left', async () => {
      await mkdir(join(downloads, 'old'), { recursive: true })
      await fetcher(1).prepare()
      assert.deepEqual(await leftovers(), [])
    })
  })

  describe('on this machine', () => {
    let models: string
    beforeEach(async () => {
      models = join(directory.path, 'models')
      await mkdir(models)
      await writeFile(join(models, 'm.mar'), CONTENT)
      await writeFile(join(directory.path, 'secret.mar'), 'secret')
      await symlink(join(directory.path, 'secret.mar'), join(models, 'link.mar'))
    })
    const local = () => fetcher(1, { allowed: [{ protocol: 'file:', host: '', path: `${models}/` }] })

    it('reads a file of an allowed directory where it lies, by address or path, and never removes it', async () => {
      for (const location of [`file://${models}/m.mar`, join(models, 'm.mar')]) {
        const { name, path, release } = await local().fetch(location)
        assert.equal(name, `file://${models}/m.mar`)
        await release()
        assert.deepEqual(await readFile(path), CONTENT)
      }
    })

    const REFUSED = [
      { location: 'file://ROOT/secret.mar', code: 'permission_denied' },
      { location: 'ROOT/models/../secret.mar', code: 'permission_denied' },
      { location: 'file://ROOT/models/%2e%2e/secret.mar', code: 'permission_denied' },
      { location: 'file://ROOT/models/..%2fsecret.mar', code: 'permission_denied' },
      { location: 'file://ROOT/models/link.mar', code: 'permission_denied' },
      { location: 'file://ROOT/models-other/m.mar', code: 'permission_denied' },
      { location: 'file://elsewhereROOT/models/m.mar', code: 'permission_denied' },
      { location: 'file://ROOT/models/absent.mar', code: 'not_found' },
      { location: '/etc/passwd', code: 'permission_denied' },
      { location: '/no/such/file', code: 'permission_denied' },
      { location: 'file://ROOT/models\\..\\secret.mar', code: 'invalid_argument' },
      { location: 'relative/m.mar', code: 'invalid_argument' },
    ]
    for (const { location, code } of REFUSED) {
      it(`refuses ${location}`, () =>
        assert.rejects(local().fetch(location.replace('ROOT', directory.path)), { code }))
    }
  })
})
