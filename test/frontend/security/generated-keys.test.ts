import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GeneratedKeys } from '../../../frontend/security/generated-keys.ts'
import type { KeyRecords } from '../../../frontend/security/key-file.ts'
import { digestOf } from '../../../frontend/security/token.ts'
import { removeDirectory, temporaryDirectory } from '../../support/server-process.ts'

const HOUR_MS = 3_600_000

describe('GeneratedKeys', () => {
  let directory: string
  let keyFile: string
  let nowMs: number

  beforeEach(async () => {
    directory = await temporaryDirectory()
    keyFile = join(directory, 'key_file.json')
    nowMs = 0
  })

  afterEach(() => removeDirectory(directory))

  function generate(overlapMs = 0): GeneratedKeys {
    const keys = new GeneratedKeys({ keyFile, expirationMinutes: 60, overlapMs, nowMs: () => nowMs })
    keys.publish()
    return keys
  }

  async function records(): Promise<KeyRecords> {
    return JSON.parse(await readFile(keyFile, 'utf8')) as KeyRecords
  }

  function accepts(keys: GeneratedKeys, key: string): boolean {
    const digest = digestOf(key)
    return keys
      .tokens()
      .some((token) => token.digest.equals(digest) && (token.expiresAtMs ?? nowMs + 1) > nowMs)
  }

  it('writes a file with three keys of 256 bits that only its user may read', async () => {
    generate()
    const { management, inference, API } = await records()
    for (const { key } of [management, inference, API]) assert.match(key, /^[\w-]{43}$/)
    assert.equal((await stat(keyFile)).mode & 0o777, 0o600)
  })

  it('lets all but the API key expire', async () => {
    generate()
    const { management, inference, API } = await records()
    const expiry = new Date(HOUR_MS).toISOString()
    assert.deepEqual(
      [management, inference, API].map((record) => record['expiration time']),
      [expiry, expiry, undefined],
    )
  })

  it('rotates one key: file and server know the new one, and the others stay', async () => {
    const keys = generate()
    const before = await records()
    nowMs = HOUR_MS / 2
    const rotated = keys.rotate('inference')
    const after = await records()
    assert.deepEqual(after, { ...before, inference: rotated })
    assert.equal(rotated['expiration time'], new Date(1.5 * HOUR_MS).toISOString())
    assert.deepEqual(
      [before.inference, after.inference, after.management].map(({ key }) => accepts(keys, key)),
      [false, true, true],
    )
  })

  it('accepts a replaced key until its overlap is over', async () => {
    const keys = generate(60_000)
    const { management } = await records()
    keys.rotate('management')
    nowMs += 59_999
    assert.equal(accepts(keys, management.key), true)
    nowMs += 1
    assert.equal(accepts(keys, management.key), false)
  })

  it('does not let the overlap outlive the key', async () => {
    const keys = generate(60_000)
    const { management } = await records()
    nowMs = HOUR_MS - 1
    keys.rotate('management')
    nowMs = HOUR_MS
    assert.equal(accepts(keys, management.key), false)
  })

  it('replaces a link in place of the file, and leaves its target alone', async () => {
    const target = join(directory, 'target')
    await writeFile(target, 'precious')
    await symlink(target, keyFile)
    generate()
    assert.equal(await readFile(target, 'utf8'), 'precious')
    assert.ok((await records()).API.key)
  })

  it('leaves no file behind when it cannot write, and keeps the old key', async () => {
    const keys = generate()
    const { inference } = await records()
    keys.close()
    await mkdir(keyFile)
    assert.throws(() => keys.rotate('inference'), { reason: 'config', message: /key_file/ })
    assert.equal(accepts(keys, inference.key), true)
    assert.deepEqual(await readdir(directory), ['key_file.json'])
  })

  it('writes nothing before it is told to', async () => {
    new GeneratedKeys({ keyFile, expirationMinutes: 60, overlapMs: 0, nowMs: () => nowMs }).close()
    assert.deepEqual(await readdir(directory), [])
  })

  it("leaves another server's file alone at the end", async () => {
    const keys = generate()
    generate()
    keys.close()
    assert.deepEqual(await readdir(directory), ['key_file.json'])
  })

  it('removes the file at the end', async () => {
    generate().close()
    assert.deepEqual(await readdir(directory), [])
  })
})
