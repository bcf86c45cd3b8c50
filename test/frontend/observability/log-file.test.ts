import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LogFile } from '../../../frontend/observability/log-file.ts'

describe('a log file', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'onnxserve-log-'))
  })
  afterEach(() => {
    rmSync(directory, { recursive: true })
  })

  it('is made with its directory, and goes on where an earlier one ended', async () => {
    const path = join(directory, 'new', 'x.log')
    for (const line of ['first', 'second']) {
      const file = new LogFile({ path })
      file.write(line)
      await file.close()
    }
    assert.equal(readFileSync(path, 'utf8'), 'first\nsecond\n')
  })

  it('begins anew when it is full, and keeps so many older ones', async () => {
    const path = join(directory, 'x.log')
    for (let i = 0; i < 5; i++) {
      const file = new LogFile({ path, maxBytes: 8, kept: 2 })
      file.write(`line ${i} is long`)
      await file.close()
    }
    assert.deepEqual(readdirSync(directory).sort(), ['x.log', 'x.log.1', 'x.log.2'])
    assert.equal(readFileSync(path, 'utf8'), 'line 4 is long\n')
    assert.equal(readFileSync(`${path}.2`, 'utf8'), 'line 2 is long\n')
  })

  it('goes on when it cannot begin anew, and says why', async () => {
    const path = join(directory, 'x.log')
    mkdirSync(`${path}.1`)
    const file = new LogFile({ path, maxBytes: 4, kept: 1 })
    const errors: string[] = []
    file.onError(({ message }) => errors.push(message))
    for (const line of ['first', 'second']) file.write(line)
    await file.close()
    assert.equal(readFileSync(path, 'utf8'), 'first\nsecond\n')
    assert.equal(errors.length, 1)
    assert.match(errors[0] ?? '', /x\.log\.1/)
  })

  it('takes no line after its end', async () => {
    const path = join(directory, 'x.log')
    const file = new LogFile({ path })
    await file.close()
    file.write('late')
    await file.close()
    assert.equal(readFileSync(path, 'utf8'), '')
  })
})
