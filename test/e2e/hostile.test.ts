import assert from 'node:assert/strict'
import { credentials, status } from '@grpc/grpc-js'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HONEST_FILES, manifestOf, zipItems } from '../support/archive-files.ts'
import { packTestArchive } from '../support/archives.ts'
import { identity } from '../support/certificates.ts'
import { GrpcClient, INFERENCE } from '../support/grpc-client.ts'
import { http } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { rawExchange } from '../support/raw-http.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'
import { tarBytes } from '../support/tar-bytes.ts'
import { bearer, tokenText } from '../support/tokens.ts'
import { zipBytes } from '../support/zip-bytes.ts'

const TEXT = Buffer.from('text')
const ROW = { data: Buffer.from('{"x":[[1,2,3,4]]}') }

/** The honest archive with one file more. */
function zipWith(name: string, content: Uint8Array = TEXT): Buffer {
  return zipBytes(zipItems({ ...HONEST_FILES, [name]: content }))
}

function zipWithConfig(yaml: string): Buffer {
  const files = { ...HONEST_FILES, 'model-config.yaml': Buffer.from(yaml) }
  const named = manifestOf(files, (manifest) => ({
    ...manifest,
    model: { ...manifest.model, configFile: 'model-config.yaml' },
  }))
  return zipBytes(zipItems(files, named))
}

function tarWith(...items: Parameters<typeof tarBytes>[0]): Promise<Buffer> {
  const honest = zipItems(HONEST_FILES).map(({ name, content }) => ({ name: `toy/${String(name)}`, content }))
  return tarBytes([...honest, ...items])
}

function nested(levels: number): string {
  return `${'{a: '.repeat(levels)}1${'}'.repeat(levels)}`
}

const LINK = HONEST_FILES['labels.txt'] ?? TEXT
const ALIASES = `a: &a [x, x]\nb: &b [${'*a, '.repeat(9)}]\nhandler: {c: [${'*b, '.repeat(9)}]}`

const ARCHIVES: readonly (readonly [it: string, bytes: Buffer | Promise<Buffer>, message: RegExp])[] = [
  ['a path that leaves it', zipWith('../evil'), /leaves the archive/],
  ['a path into a directory beside its own', zipWith('../toy-evil/x'), /leaves the archive/],
  ['an absolute path', zipWith('/tmp/evil'), /absolute name/],
  [
    'a symbolic link',
    zipBytes([...zipItems(HONEST_FILES).slice(0, 2), { name: 'labels.txt', content: LINK, mode: 0o120777 }]),
    /is a link or a special file/,
  ],
  ['a bomb', zipWith('bomb.bin', Buffer.alloc(5 * 1024 * 1024)), /zip bomb/],
  ['half of its bytes', zipWith('a').subarray(0, 400), /cut short or not a zip file/],
  ['a tar path that leaves it', tarWith({ name: 'toy/../../evil', content: TEXT }), /leaves the archive/],
  [
    'a tar link',
    tarWith({ name: 'toy/l', type: 'symlink', linkname: '/etc/passwd' }),
    /is a link or a special file/,
  ],
  ['YAML aliases that multiply', zipWithConfig(ALIASES), /more YAML aliases than allowed/],
  ['a YAML alias of its own place', zipWithConfig('handler: &a {x: *a}'), /inside of what it stands for/],
  ['a YAML tag', zipWithConfig('handler: !!js/function "x"'), /not valid YAML/],
  ['the key __proto__', zipWithConfig('handler: {__proto__: {x: 1}}'), /has the key '__proto__'/],
  ['an alias for the key __proto__', zipWithConfig('handler: {a: &k __proto__, *k : 1}'), /the key '\*k'/],
  ['YAML of great depth', zipWithConfig(`handler: ${nested(100)}`), /nested deeper than 64/],
]

describe('the built server, met with bad intent', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess | undefined

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    await packTestArchive(modelStore, { modelName: 'other', model: mlp([4, 16, 3], 1) })
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
  })
  after(() => removeDirectory(modelStore))

  async function start(...args: string[]): Promise<ServerProcess> {
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'tiny.mar,other.mar', ...args] })
    return server
  }

  it('refuses to register hostile archives, names what is wrong, and unpacks nothing of them', async () => {
    const { management, inference } = await start()
    const objects = join(modelStore, '.onnxserve', 'objects')
    const before = [await readdir(join(modelStore, '..')), await readdir(objects)]
    const wrong: string[] = []
    for (const [it_, bytes, message] of ARCHIVES) {
      await writeFile(join(modelStore, 'hostile.mar'), await bytes)
      const answer = await http(`${management}/models?url=hostile.mar`, { method: 'POST' })
      const isRefused = answer.status === 400 && message.test(answer.text)
      if (!isRefused) wrong.push(`${it_}: ${answer.status} ${answer.text}`)
    }
    assert.deepEqual(wrong, [])
    assert.deepEqual(await readdir(objects), before[1])
    assert.equal((await readdir(modelStore)).includes('evil'), false)
    assert.equal((await http(`${management}/models/toy`)).status, 404)
    assert.equal((await http(`${inference}/ready`)).status, 200)
  })

  const HOSTS = [
    { host: 'evil.example', management: 421 },
    { host: 'localhost.evil.example', management: 421 },
    { host: '2130706433', management: 421 },
    { host: '', management: 421 },
    { host: 'localhost', management: 200 },
    { host: '[::1]:8081', management: 200 },
    { host: 'models.example', management: 200 },
  ]
  it('answers only under names of its own', async () => {
    const { management, inference } = await start('--allowed-hosts', 'models.example')
    for (const expected of HOSTS) {
      const head = `GET /ping HTTP/1.1\r\nHost: ${expected.host}\r\nConnection: close\r\n\r\n`
      for (const url of [management, inference]) {
        assert.match(await rawExchange(url, head), new RegExp(`^HTTP/1\\.1 ${expected.management} `), head)
      }
    }
  })

  it('changes nothing for a page of another site', async () => {
    const { management } = await start('--cors-allowed-origin', 'https://ok.example')
    const unregister = async (headers: Record<string, string>) =>
      (await http(`${management}/models/other`, { method: 'DELETE', headers })).status
    const statuses = []
    for (const origin of ['https://evil.example', 'null', 'https://ok.example.evil', 'http://127.0.0.1'])
      statuses.push(await unregister({ origin }))
    statuses.push(await unregister({ 'sec-fetch-site': 'cross-site' }))
    assert.deepEqual(statuses, [403, 403, 403, 403, 403])
    assert.equal(await unregister({ origin: 'https://ok.example' }), 200)
  })

  it('keeps a token to its models over gRPC with TLS, in each kind of call', async () => {
    const own = await identity('server')
    const files = { 'cert.pem': own.cert, 'key.pem': own.key, 'tokens.json': TOKENS }
    for (const [name, text] of Object.entries(files)) await writeFile(join(modelStore, name), text)
    const file = (name: string) => join(modelStore, name)
    const { grpcInference } = await start(
      ...['--token-file', file('tokens.json')],
      ...['--certificate-file', file('cert.pem'), '--private-key-file', file('key.pem')],
      ...['--enable-grpc-ssl', 'true'],
    )
    const client = new GrpcClient(grpcInference, INFERENCE, {
      channel: credentials.createSsl(Buffer.from(own.cert)),
    })
    const metadata = { authorization: bearer(tokenText('shop')) }
    const codes = []
    for (const model of ['tiny', 'other', 'nothing']) {
      const request = { model_name: model, input: ROW }
      const unary = client.unary('Predictions', request, { metadata })
      codes.push(
        await unary.then(
          () => status.OK,
          (error: unknown) => (error as { code: number }).code, // a ServiceError
        ),
      )
      codes.push((await client.stream('StreamPredictions', request, { metadata }).ended).code)
      const both = client.bidi('StreamPredictions2', { metadata })
      both.write(request)
      both.end()
      codes.push((await both.ended).code)
    }
    client.close()
    const { OK, PERMISSION_DENIED: NO } = status
    assert.deepEqual(codes, [OK, OK, OK, NO, NO, NO, NO, NO, NO])
  })
})

const TOKENS = JSON.stringify({
  tokens: [{ name: 'shop', token: tokenText('shop'), scopes: ['inference'], models: ['tiny'] }],
})
