import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withBatchingParameters } from '../../frontend/batching-parameters.ts'
import { loadConfig } from '../../frontend/config/load.ts'
import { quirksOf } from '../../frontend/protocols/torchserve/quirks.ts'
import { removeDirectory, temporaryDirectory } from '../support/server-process.ts'

describe('withBatchingParameters', () => {
  let directory: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
  })
  afterEach(() => removeDirectory(directory))

  async function read(text: string) {
    await writeFile(join(directory, 'batching.txt'), text)
    const flags = {
      batchingParametersFile: 'batching.txt',
      defaultMaxBatchRows: '8',
      maxQueuedRequests: '50',
    }
    const given = loadConfig({ flags, environment: {}, workingDirectory: directory }, quirksOf)
    const { config, notes } = withBatchingParameters(given)
    const { defaultMaxBatchRows, defaultMaxBatchDelayMs, maxQueuedRequests } = config
    return { values: [defaultMaxBatchRows, defaultMaxBatchDelayMs, maxQueuedRequests], notes }
  }

  const CASES = [
    { it: 'an empty file', text: '', values: [8, 0, 50], note: /^$/ },
    {
      it: 'all that counts here',
      text: 'max_batch_size { value: 128 } batch_timeout_micros { value: 5000 } max_enqueued_batches { value: 10 }',
      values: [128, 5, 1280],
      note: /^$/,
    },
    {
      it: 'part of a millisecond',
      text: 'batch_timeout_micros { value: 1001 }',
      values: [8, 2, 50],
      note: /whole milliseconds/,
    },
    {
      it: 'batches of the usual size',
      text: 'max_enqueued_batches { value: 3 }',
      values: [8, 0, 24],
      note: /^$/,
    },
    {
      it: 'batches that are split to run',
      text: 'max_batch_size { value: 100 } enable_large_batch_splitting { value: true } max_execution_batch_size { value: 10 }',
      values: [10, 0, 50],
      note: /^$/,
    },
    {
      it: 'what has no effect',
      text: 'num_batch_threads { value: 4 } allowed_batch_sizes: 4 allowed_batch_sizes: 8 pad_variable_length_inputs: true',
      values: [8, 0, 50],
      note: /num_batch_threads.*default_workers_per_model\n.*allowed_batch_sizes.*\n.*pad_variable_length_inputs/,
    },
  ]
  for (const { it: claim, text, values, note } of CASES) {
    it(`reads ${claim}`, async () => {
      const found = await read(text)
      assert.deepEqual(found.values, values)
      assert.match(found.notes.join('\n'), note)
    })
  }

  const REFUSED = [
    {
      it: 'a mistake in a name',
      text: 'max_batch_sise { value: 1 }',
      message: /batching\.txt.*did you mean/,
    },
    {
      it: 'batches without rows',
      text: 'max_batch_size { value: 0 }',
      message: /default_max_batch_rows 0; expected an integer from 1/,
    },
    {
      it: 'a wait that never ends',
      text: 'batch_timeout_micros { value: 9223372036854775807 }',
      message: /batch_timeout_micros.*60000 ms/,
    },
  ]
  for (const { it: claim, text, message } of REFUSED) {
    it(`refuses ${claim}`, () => assert.rejects(read(text), { code: 'invalid_argument', message }))
  }

  it('tells of a file that is not there', () => {
    const flags = { batchingParametersFile: 'absent.txt' }
    const given = loadConfig({ flags, environment: {}, workingDirectory: directory }, quirksOf)
    assert.throws(() => withBatchingParameters(given), { code: 'not_found', message: /absent\.txt/ })
  })
})
