import assert from 'node:assert/strict'
import { findCycles, processMembers, sourceFiles, type SourceFile } from './support/source-files.ts'

/*
 * The map of the code as rules. The first row that matches a file decides what it may import of ours; its own
 * folder is always allowed, except that a dialect never sees its siblings.
 */
const CONTRACT = 'worker/contract/'
const FORMAT = 'archiver-cli/format/'
const CORE_FACADES = [
  'frontend/core/data-plane.ts',
  'frontend/core/control-plane.ts',
  'frontend/core/version-state.ts',
  'frontend/core/events.ts',
]

/** What all dialects need of routes, access and documents; it knows none of them. */
const PROTOCOL_KERNEL = 'frontend/protocols/kernel/'

const IMPORT_TABLE: readonly { readonly from: string; readonly may: readonly string[] }[] = [
  { from: CONTRACT, may: [] },
  { from: FORMAT, may: [CONTRACT] },
  { from: 'worker/', may: ['worker/', FORMAT] },
  { from: 'frontend/core/', may: [CONTRACT, FORMAT] },
  { from: 'frontend/protocols/', may: [CONTRACT, ...CORE_FACADES, PROTOCOL_KERNEL] },
  { from: 'frontend/http/', may: [CONTRACT] },
  { from: 'frontend/grpc/', may: [CONTRACT] },
  { from: 'frontend/security/', may: [CONTRACT] },
  { from: 'frontend/download/', may: [CONTRACT] },
  { from: 'frontend/observability/', may: [CONTRACT, 'frontend/core/events.ts'] },
  { from: 'frontend/config/', may: [CONTRACT, FORMAT] },
  { from: 'frontend/', may: ['frontend/', 'client/', CONTRACT, FORMAT] },
  { from: 'client/', may: ['client/', CONTRACT] },
  { from: 'archiver-cli/', may: ['archiver-cli/', CONTRACT, 'worker/handler.ts'] },
  { from: 'scripts/', may: ['scripts/', 'archiver-cli/', 'frontend/', CONTRACT] },
  { from: 'bench/', may: ['bench/', 'test/support/', 'archiver-cli/', CONTRACT] },
  { from: 'examples/', may: [] },
  { from: 'docs/', may: [] },
  { from: 'test/', may: [''] },
]

/** Packages that only the named files may import; tests and benchmarks may import any. */
const ONLY_IMPORTERS: Readonly<Record<string, RegExp>> = {
  'onnxruntime-node': /^worker\/thread\/(session|feeds)\.ts$/,
  'onnxruntime-common': /^worker\/thread\/(session|feeds)\.ts$/,
  piscina: /^worker\/process\/thread-pool\.ts$/,
  archiver: /^archiver-cli\/format\/archive-writer\.ts$/,
  unzipper: /^archiver-cli\/format\//,
  'tar-stream': /^archiver-cli\/format\//,
  esbuild: /^(archiver-cli\/[^/]+|scripts\/bundle)\.ts$/,
  sharp: /^worker\/handlers\//,
  koa: /^frontend\/(http|protocols|server\.ts)/,
  '@koa/router': /^frontend\/protocols\//,
  busboy: /^frontend\/http\//,
  pino: /^frontend\/observability\//,
  'pino-pretty': /^frontend\/observability\//,
  'prom-client': /^frontend\/observability\//,
  '@grpc/grpc-js': /^frontend\/grpc\//,
  '@grpc/proto-loader': /^frontend\/grpc\//,
  '@grpc/reflection': /^frontend\/grpc\//,
  'grpc-health-check': /^frontend\/grpc\//,
  'ipaddr.js': /^frontend\/(download|security)\//,
  '@huggingface/tokenizers': /^worker\/handlers\//,
  commander: /^(frontend\/main\.ts|frontend\/config\/|archiver-cli\/cli\.ts|archiver-cli\/main\.ts)/,
}

/** The server's own, and that of the processes it starts to share its connections. */
const FRONTEND_ENTRIES = ['frontend/main.ts', 'frontend/frontends/main.ts']

const MAX_LINES = 300

const files = sourceFiles()
const product = files.filter(({ path }) => /^(frontend|worker|archiver-cli|client|scripts)\//.test(path))

/** `frontend/protocols/<dialect>/` or the first two folders of the path. */
function ownFolder(path: string): string {
  const depth = path.startsWith('frontend/protocols/') ? 3 : 2
  return path.split('/').slice(0, depth).join('/') + '/'
}

function forbiddenImports({ path, imports }: SourceFile): string[] {
  const may = IMPORT_TABLE.find((row) => path.startsWith(row.from))?.may ?? []
  const allowed = [ownFolder(path), ...may]
  return imports
    .filter((imported) => !allowed.some((prefix) => imported.startsWith(prefix)))
    .map((imported) => `${path} imports ${imported}`)
}

describe('architecture', function () {
  // Some of the claims parse every file.
  this.timeout(30_000)

  it('has a row of the import table for every file', () => {
    const unmapped = files.filter(({ path }) => !IMPORT_TABLE.some((row) => path.startsWith(row.from)))
    assert.deepEqual(unmapped, [])
    assert.ok(product.length > 20)
  })

  it('imports only what the table allows', () => assert.deepEqual(files.flatMap(forbiddenImports), []))

  it('has no import cycles', () => {
    assert.deepEqual(findCycles(files), [])
  })

  it('resolves every relative import to one of its files', () => {
    const known = new Set(files.map(({ path }) => path))
    const missing = product.flatMap(({ path, imports }) =>
      imports.filter((each) => !known.has(each)).map((each) => `${path} imports ${each}`),
    )
    assert.deepEqual(missing, [])
  })

  for (const [name, importers] of Object.entries(ONLY_IMPORTERS)) {
    it(`imports ${name} only from its own place`, () => {
      const strangers = product.filter(
        ({ path, packages }) => packages.includes(name) && !importers.test(path),
      )
      assert.deepEqual(
        strangers.map(({ path }) => path),
        [],
      )
    })
  }

  it('touches process only in the entries of the frontend', () => {
    const frontend = files.filter(
      ({ path }) => path.startsWith('frontend/') && !FRONTEND_ENTRIES.includes(path),
    )
    assert.deepEqual(
      frontend.flatMap((file) => processMembers(file).map((member) => `${file.path}: ${member}`)),
      [],
    )
  })

  it(`keeps every file within ${MAX_LINES} lines`, () => {
    const long = files.filter(({ text }) => text.split('\n').length > MAX_LINES + 1)
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    )
  })
})

describe('the import table', () => {
  const FORBIDDEN = [
    { path: 'frontend/core/a.ts', imported: 'frontend/http/app.ts' },
    { path: 'frontend/core/workers/a.ts', imported: 'worker/thread/main.ts' },
    { path: 'frontend/protocols/torchserve/a.ts', imported: 'frontend/protocols/oip/codec.ts' },
    { path: 'frontend/protocols/torchserve/a.ts', imported: 'frontend/core/model-registry.ts' },
    { path: 'frontend/protocols/kernel/a.ts', imported: 'frontend/protocols/oip/codec.ts' },
    { path: 'frontend/http/a.ts', imported: 'frontend/core/data-plane.ts' },
    { path: 'worker/contract/a.ts', imported: 'worker/handler.ts' },
    { path: 'worker/thread/a.ts', imported: 'frontend/core/events.ts' },
    { path: 'archiver-cli/format/a.ts', imported: 'archiver-cli/cli.ts' },
    { path: 'archiver-cli/a.ts', imported: 'worker/thread/session.ts' },
  ]
  for (const { path, imported } of FORBIDDEN) {
    it(`forbids ${path} to import ${imported}`, () => {
      const found = forbiddenImports({ path, text: '', imports: [imported], packages: [] })
      assert.deepEqual(found, [`${path} imports ${imported}`])
    })
  }
})

describe('findCycles', () => {
  const file = (path: string, ...imports: string[]): SourceFile => ({ path, text: '', imports, packages: [] })

  it('finds a cycle and names its members in order', () => {
    const cyclic = [file('a', 'b'), file('b', 'c'), file('c', 'b')]
    assert.deepEqual(findCycles(cyclic), [['b', 'c', 'b']])
  })

  it('accepts a diamond', () => {
    assert.deepEqual(findCycles([file('a', 'b', 'c'), file('b', 'd'), file('c', 'd'), file('d')]), [])
  })
})

describe('processMembers', () => {
  const membersOf = (text: string) => processMembers({ path: 'a.ts', text, imports: [], packages: [] })

  it('finds the global by member and by index', () => {
    assert.deepEqual(membersOf("f(process.env['HOME'], process['argv'])"), ['process.env', "process['argv']"])
  })

  it('leaves a parameter and a variable of that name alone', () => {
    const text =
      'const f = (process) => process.pid; for (const { process } of all) process.kill(); { const process = 1; process.x }'
    assert.deepEqual(membersOf(text), [])
  })
})
