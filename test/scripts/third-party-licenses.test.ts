import assert from 'node:assert/strict'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { licensesOf } from '../../scripts/third-party-licenses.ts'

describe('licensesOf', () => {
  let root: string
  beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'onnxserve-licenses-'))))
  afterEach(() => rm(root, { recursive: true, force: true }))

  async function install(path: string, { version, license }: { version: string; license: string }) {
    const directory = join(root, path)
    await mkdir(directory, { recursive: true })
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    await writeFile(join(directory, 'package.json'), JSON.stringify({ name, version, license: 'MIT' }))
    await writeFile(join(directory, 'LICENSE.md'), license)
    return directory
  }

  it('gives the license of each package once, and of the one that is nested, not of what it lies in', async () => {
    const outer = await install('node_modules/outer', { version: '1.0.0', license: 'of outer' })
    await install('node_modules/unused', { version: '1.0.0', license: 'of unused' })
    const inner = await install('node_modules/outer/node_modules/@a/inner', {
      version: '2.0.0',
      license: 'of inner',
    })
    const files = [`${outer}/index.js`, `${outer}/lib/deep.js`, `${inner}/index.js`, 'frontend/main.ts']
    const text = await licensesOf(files)
    assert.deepEqual(text.match(/^\S+ \d.*$|^of .*$/gm), [
      'outer 1.0.0',
      'of outer',
      '@a/inner 2.0.0',
      'of inner',
    ])
  })
})
