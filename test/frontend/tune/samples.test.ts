import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SampleBatches } from '../../../frontend/tune/sample-batches.ts'
import { readSamples } from '../../../frontend/tune/samples.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('readSamples', () => {
  let directory: { path: string; remove: () => Promise<void> }
  beforeEach(async () => (directory = await temporaryDirectory()))
  afterEach(() => directory.remove())
  const put = (name: string, text = 'x') => writeFile(join(directory.path, name), text)

  it('makes each file the body of a request, by name, and knows its type', async () => {
    await put('b.json', '[1]')
    await put('a.PNG')
    await put('.hidden')
    await mkdir(join(directory.path, 'more'))
    const samples = await readSamples(directory.path)
    assert.deepEqual(samples, [
      {
        name: 'a.PNG',
        payload: {
          kind: 'parts',
          parts: [{ name: 'body', contentType: 'image/png', bytes: Buffer.from('x') }],
        },
      },
      {
        name: 'b.json',
        payload: {
          kind: 'parts',
          parts: [{ name: 'body', contentType: 'application/json', bytes: Buffer.from('[1]') }],
        },
      },
    ])
  })

  it('refuses a directory without files', () =>
    assert.rejects(readSamples(directory.path), { code: 'invalid_argument', message: /holds no file/ }))

  it('refuses a directory that is not there', () =>
    assert.rejects(readSamples(join(directory.path, 'none')), {
      code: 'invalid_argument',
      message: /cannot be read/,
    }))

  it('refuses a file whose type nobody knows, and names it', async () => {
    await put('a.exe')
    await assert.rejects(readSamples(directory.path), {
      code: 'invalid_argument',
      message: /'a\.exe' says no content type.*\.json/,
    })
  })
})

describe('SampleBatches', () => {
  const sample = (name: string, rows: number) => ({
    name,
    rows,
    payload: { kind: 'parts', parts: [] } as const,
  })
  const names = (batches: SampleBatches, maxRows: number) =>
    batches
      .take(maxRows)
      .samples.map(({ name }) => name)
      .join('')

  it('gives the samples in turn, and begins again', () => {
    const batches = new SampleBatches([sample('a', 1), sample('b', 1), sample('c', 1)])
    assert.deepEqual([names(batches, 2), names(batches, 2), names(batches, 2)], ['ab', 'ca', 'bc'])
  })

  it('repeats samples where there are fewer than a batch holds', () => {
    assert.equal(names(new SampleBatches([sample('a', 1), sample('b', 1)]), 5), 'ababa')
  })

  it('counts rows, not samples', () => {
    assert.equal(names(new SampleBatches([sample('a', 2), sample('b', 3), sample('c', 1)]), 5), 'ab')
  })

  it('sends a sample with too many rows alone', () => {
    const batches = new SampleBatches([sample('a', 9), sample('b', 1)])
    assert.deepEqual([names(batches, 4), names(batches, 1)], ['a', 'b'])
  })
})
