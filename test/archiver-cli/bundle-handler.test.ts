import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bundleHandler } from '../../archiver-cli/bundle-handler.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Runs a bundle far from its sources, in a program that lies in this repository, as the server does. */
const RUNNER = fileURLToPath(new URL('../support/run-handler.mjs', import.meta.url))
const run = promisify(execFile)

describe('bundleHandler', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  beforeEach(async () => (directory = await temporaryDirectory()))
  afterEach(() => directory.remove())

  async function bundle(files: Readonly<Record<string, string>>, entry = 'handler.ts') {
    for (const [path, text] of Object.entries(files)) {
      const target = join(directory.path, 'source', path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, text)
    }
    return bundleHandler(join(directory.path, 'source', entry))
  }

  /** What `export default { answer }` answers, or the stack of its error. */
  async function answerOf(files: Readonly<Record<string, string>>): Promise<unknown> {
    const { path, content } = await bundle(files)
    const target = join(directory.path, path)
    await writeFile(target, 'bytes' in content ? content.bytes : '')
    const { stdout } = await run(process.execPath, ['--enable-source-maps', RUNNER, target], {
      cwd: directory.path,
    })
    return JSON.parse(stdout)
  }

  const STYLES = [
    { it: 'an exported class', text: 'export class Mine { handle() { return [] } }' },
    { it: 'an exported function handle', text: 'export function handle() {}' },
    { it: 'a function that is named', text: 'export const predict = () => []', entry: 'handler.ts:predict' },
  ]
  for (const { it: style, text, entry } of STYLES) {
    it(`takes ${style}`, async () => {
      assert.equal((await bundle({ 'handler.ts': text }, entry)).path, 'handler.mjs')
    })
  }

  it('names the module after its source', async () => {
    const { path } = await bundle({ 'my_handler.ts': 'export default {}' }, 'my_handler.ts')
    assert.equal(path, 'my_handler.mjs')
  })

  it('carries modules and npm packages of both kinds', async () => {
    const answer = await answerOf({
      'handler.ts': `import { double } from './lib/double.ts'
        import cjs, { triple } from 'cjs-package'
        export default { answer: () => [double(2), triple(2), cjs.platform, cjs.here] }`,
      'lib/double.ts': 'export const double = (x: number): number => x * 2',
      'node_modules/cjs-package/package.json': '{"name":"cjs-package","version":"1.0.0"}',
      'node_modules/cjs-package/index.js': `const os = require('os'); const more = require('./more.js')
        exports.triple = more.triple; exports.platform = os.platform(); exports.here = typeof __dirname + typeof __filename`,
      'node_modules/cjs-package/more.js': 'exports.triple = (x) => x * 3',
    })
    assert.deepEqual(answer, [4, 6, process.platform, 'stringstring'])
  })

  it('lets a handler declare the names that CommonJS code finds', async () => {
    const answer = await answerOf({
      'handler.ts': `import { createRequire } from 'node:module'
        const require = createRequire(import.meta.url)
        const __dirname = 'mine'
        const __filename = 'mine too'
        export default { answer: () => [require('node:os').platform(), __dirname, __filename] }`,
    })
    assert.deepEqual(answer, [process.platform, 'mine', 'mine too'])
  })

  it('carries the handler API, whose errors the server knows as its own', async () => {
    const answer = await answerOf({
      'handler.ts': `import { defineHandler, HandlerError } from 'onnxserve/handler'
        const error = new HandlerError('invalid_argument', 'no')
        export default Object.assign(defineHandler({}), { answer: () => [error.name, error.code] })`,
    })
    assert.deepEqual(answer, ['ServingError', 'invalid_argument'])
  })

  it('leaves native modules to the server', async () => {
    const answer = await answerOf({
      'handler.ts': `import sharp, { versions } from 'sharp'
        export default { answer: () => [typeof sharp, typeof versions.vips] }`,
    })
    assert.deepEqual(answer, ['function', 'string'])
  }).timeout(20_000)

  it('shows the line of the source in a stack', async () => {
    const stack = await answerOf({
      'handler.ts': `type Unused = string\n\nexport default {\n  answer(): never {\n    throw new Error('here')\n  },\n}\n`,
    })
    assert.match(String(stack), /Error: here\n.* \(?.*handler\.ts:5:11\)?/)
  })

  it('tells nothing of the machine on which it was made', async () => {
    const { content } = await bundle({
      'handler.ts': `import { tensor } from 'onnxserve/handler'\nexport default { tensor }`,
    })
    const text = Buffer.from('bytes' in content ? content.bytes : '').toString()
    const map = Buffer.from(text.split('base64,')[1] ?? '', 'base64').toString()
    assert.match(map, /onnxserve:worker\/handler-api\/tensor\.[tj]s/)
    for (const part of [text, map]) assert.ok(!part.includes(directory.path) && !part.includes(process.cwd()))
  })

  const BROKEN: readonly [it: string, text: string, message: RegExp, exported?: string][] = [
    ['a syntax error', `export default {\n  a: ]\n}`, /cannot be bundled: handler\.ts:2:6: Unexpected "\]"/],
    [
      'an import that is missing',
      `import x from './gone.ts'\nexport default x`,
      /handler\.ts:1:15: Could not resolve "\.\/gone\.ts"/,
    ],
    [
      'an export that is missing',
      'export const handle = () => []',
      /names a function that '.*handler\.ts' does not export; it exports handle/,
      'predict',
    ],
    ['two errors', `import './a.ts'\nimport './b.ts'\nexport default {}`, /\(and 1 more\)/],
    [
      'no default export',
      'export const handler = {}',
      /has no default export; write: export default defineHandler/,
    ],
  ]
  for (const [what, text, message, exported] of BROKEN) {
    const entry = exported === undefined ? 'handler.ts' : `handler.ts:${exported}`
    it(`refuses ${what}, naming the place`, () =>
      assert.rejects(bundle({ 'handler.ts': text }, entry), { code: 'invalid_argument', message }))
  }
})
