import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const PROGRAM = fileURLToPath(new URL('../support/programs/young-generation.ts', import.meta.url))
const MEBIBYTE = 1024 * 1024

async function youngBytes(...args: readonly string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', PROGRAM, ...args])
  return Number(stdout)
}

describe('the young generation of a frontend process', function () {
  this.timeout(30_000)

  it('stays at a quarter of what V8 lets it grow to', async () => {
    assert.equal(await youngBytes('bound'), 8 * MEBIBYTE)
    assert.ok((await youngBytes()) >= 32 * MEBIBYTE)
  })
})
