import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { packageClosure } from '../../../bench/gpu/package-closure.ts'
import { isForLinux } from '../../../bench/gpu/pack.ts'
import { splitParts } from '../../../bench/gpu/split-parts.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const ROOT = join(import.meta.dirname, '../../..')

describe('packing the benchmark', () => {
  let path = ''
  let remove = async () => {}
  beforeEach(async () => {
    ;({ path, remove } = await temporaryDirectory())
  })
  afterEach(() => remove())

  it('takes a package with all that it needs, and nothing of development', () => {
    const names = packageClosure(ROOT, ['onnxruntime-node', 'koa'])
    assert.ok(names.includes('onnxruntime-common') && names.includes('koa') && names.includes('cookies'))
    assert.ok(!names.includes('typescript') && !names.includes('mocha'), names.join())
    assert.ok(names.every((name) => existsSync(join(ROOT, 'node_modules', name))))
  })

  const PATHS = [
    { path: 'koa/lib/application.js', isWanted: true },
    { path: 'onnxruntime-node/bin/napi-v6/linux', isWanted: true },
    { path: 'onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1', isWanted: true },
    { path: 'onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1', isWanted: false },
    { path: 'onnxruntime-node/bin/napi-v6/win32', isWanted: false },
  ]
  for (const { path: file, isWanted } of PATHS) {
    it(`${isWanted ? 'takes' : 'leaves out'} ${file}`, () => {
      assert.equal(isForLinux(file), isWanted)
    })
  }

  it('writes parts that are the whole again, one after the other', async () => {
    const whole = Buffer.from(Array.from({ length: 25 }, (_, i) => i))
    const content = Readable.from([whole.subarray(0, 3), whole.subarray(3, 24), whole.subarray(24)])
    const parts = await splitParts(content, { path: join(path, 'gpu.tar.gz'), partBytes: 10 })
    assert.deepEqual(
      parts.map((part) => part.slice(path.length + 1)),
      ['gpu.tar.gz.00', 'gpu.tar.gz.01', 'gpu.tar.gz.02'],
    )
    const sizes = await Promise.all(parts.map(async (part) => (await stat(part)).size))
    assert.deepEqual(sizes, [10, 10, 5])
    assert.deepEqual(Buffer.concat(await Promise.all(parts.map((part) => readFile(part)))), whole)
  })
})
