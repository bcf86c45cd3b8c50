import assert from 'node:assert/strict'
import { readBatchingParameters } from '../../../frontend/config/batching-parameters.ts'

const read = (text: string) => readBatchingParameters(text, '/b.txt')

describe("TF Serving's batching parameters", () => {
  const READ = [
    { it: 'nothing', text: '', settings: {} },
    {
      it: 'the size of a batch, its wait and the queue',
      text: 'max_batch_size { value: 64 } batch_timeout_micros { value: 2500 } max_enqueued_batches { value: 5 }',
      settings: { defaultMaxBatchRows: 64, defaultMaxBatchDelayMs: 3, maxQueuedRequests: 320 },
    },
    {
      it: "a queue of batches of TF Serving's own size",
      text: 'max_enqueued_batches { value: 10 }',
      settings: { maxQueuedRequests: 10_000 },
    },
    {
      it: 'a queue beyond all measure as the longest there is',
      text: 'max_enqueued_batches { value: 100000000 }',
      settings: { maxQueuedRequests: 1_000_000 },
    },
    {
      it: 'what runs at a time as the batch, where large requests are split',
      text: `max_batch_size { value: 64 } enable_large_batch_splitting { value: true }
             max_execution_batch_size { value: 16 }`,
      settings: { defaultMaxBatchRows: 16 },
    },
  ]
  for (const { it: claim, text, settings } of READ) {
    it(`reads ${claim}`, () => assert.deepEqual(read(text).settings, settings))
  }

  const NOTED = [
    { text: 'batch_timeout_micros { value: 1001 }', note: /is rounded up: .*whole milliseconds/ },
    {
      text: 'num_batch_threads { value: 8 }',
      note: /num_batch_threads has no effect: .*default_workers_per_model/,
    },
    { text: "thread_pool_name { value: 'p' }", note: /thread_pool_name has no effect/ },
    {
      text: 'max_batch_size { value: 8 } allowed_batch_sizes: [2, 4, 8]',
      note: /allowed_batch_sizes has no effect: .*not padded/,
    },
    { text: 'pad_variable_length_inputs: true', note: /pad_variable_length_inputs has no effect/ },
    { text: 'enable_large_batch_splitting { value: true }', note: /splitting has no effect: .*runs whole/ },
    { text: 'max_execution_batch_size { value: 4 }', note: /counts only with enable_large_batch_splitting/ },
  ]
  for (const { text, note } of NOTED) {
    it(`notes what is different of ${text}`, () => {
      const { notes } = read(text)
      assert.equal(notes.length, 1)
      assert.match(notes[0] ?? '', /^\/b\.txt: /)
      assert.match(notes[0] ?? '', note)
    })
  }

  it('says nothing about what is switched off', () =>
    assert.deepEqual(
      read('pad_variable_length_inputs: false enable_large_batch_splitting { value: false }').notes,
      [],
    ))

  const REFUSED = [
    {
      it: 'an unknown field',
      text: 'max_batchsize { value: 1 }',
      message: /^\/b\.txt:1:1: .*'max_batch_size'/,
    },
    { it: 'a size without its wrapper', text: 'max_batch_size: 8', message: /^\/b\.txt:1:\d+: / },
    {
      it: 'an empty batch',
      text: '# none\n  max_batch_size { value: 0 }',
      message: /^\/b\.txt:2:3: max_batch_size is 0; expected 1 to 65536$/,
    },
    {
      it: 'a wait of more than a minute',
      text: 'batch_timeout_micros { value: 60000001 }',
      message: /^\/b\.txt:1:1: batch_timeout_micros is 60000001; expected 0 to 60000000$/,
    },
    {
      it: 'a queue of less than nothing',
      text: 'max_enqueued_batches { value: -1 }',
      message: /1:1: max_enqueued_batches is -1/,
    },
    {
      it: 'sizes that do not ascend',
      text: 'max_batch_size { value: 4 }\nallowed_batch_sizes: 4\nallowed_batch_sizes: 2',
      message: /:2:1: allowed_batch_sizes has 2 at index 1; expected ascending/,
    },
    {
      it: 'sizes that end below the largest batch',
      text: 'max_batch_size { value: 8 } allowed_batch_sizes: [2, 4]',
      message: /:1:29: allowed_batch_sizes ends with 4; expected the largest batch, 8$/,
    },
    {
      it: 'pieces larger than what is split',
      text: `max_batch_size { value: 8 } enable_large_batch_splitting { value: true }
max_execution_batch_size { value: 9 }`,
      message: /:2:1: max_execution_batch_size is 9, above max_batch_size 8/,
    },
  ]
  for (const { it: claim, text, message } of REFUSED) {
    it(`refuses ${claim}`, () => assert.throws(() => read(text), { code: 'invalid_argument', message }))
  }
})
