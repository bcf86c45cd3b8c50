import assert from 'node:assert/strict'
import type { ModelConfig } from '../../../../archiver-cli/format/model-config.ts'
import type { OnnxSignature } from '../../../../archiver-cli/format/onnx-signature.ts'
import { importTritonConfig } from '../../../../archiver-cli/format/triton/import-config.ts'
import { readTritonConfig } from '../../../../archiver-cli/format/triton/read-config.ts'

const tensor = (name: string, shape: (number | string)[]): OnnxSignature['inputs'][number] => ({
  name,
  dtype: 'FP32',
  shape,
})
const BATCHED: OnnxSignature = {
  inputs: [tensor('x', ['batch', 3, -1])],
  outputs: [tensor('y', ['batch', 2])],
}
const SINGLE: OnnxSignature = { inputs: [tensor('x', [4])], outputs: [tensor('y', [4])] }

const imported = (text: string, signature: OnnxSignature = BATCHED, hasOwnHandler = false) =>
  importTritonConfig(readTritonConfig(text, 'config.pbtxt'), {
    signature,
    hasOwnHandler,
    readLabels: async (name) => `label of ${name}\n`,
  })

describe('importTritonConfig', () => {
  const MAPPED: readonly { readonly text: string; readonly config: ModelConfig }[] = [
    { text: '', config: {} },
    { text: 'max_batch_size: 8', config: { maxRequestRows: 8, maxBatchRows: 8 } },
    { text: 'max_batch_size: 0', config: { maxBatchRows: 1 } },
    { text: 'input { name: "x" }', config: { maxBatchRows: 1 } },
    {
      text: 'max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 2000 preferred_batch_size: [8, 4] }',
      config: {
        maxRequestRows: 8,
        maxBatchRows: 8,
        maxBatchDelayMs: 2,
        scheduling: { preferredBatchRows: [4, 8] },
      },
    },
    {
      text: 'dynamic_batching { priority_levels: 2 default_priority_level: 1 default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 500 allow_timeout_override: true max_queue_size: 7 } priority_queue_policy { key: 2 value { max_queue_size: 3 } } }',
      config: {
        maxBatchDelayMs: 0,
        scheduling: {
          priorityLevels: 2,
          defaultPriorityLevel: 1,
          queuePolicy: {
            timeoutMs: 0.5,
            timeoutAction: 'delay',
            allowTimeoutOverride: true,
            maxQueuedRequests: 7,
          },
          priorityPolicies: { '2': { maxQueuedRequests: 3 } },
        },
      },
    },
    {
      text: 'dynamic_batching { preserve_ordering: true }',
      config: { maxBatchDelayMs: 0, scheduling: { preserveOrdering: true } },
    },
    {
      text: 'instance_group { count: 2 kind: KIND_CPU }',
      config: { minWorkers: 2, maxWorkers: 2, deviceType: 'cpu' },
    },
    {
      text: 'instance_group { count: 2 kind: KIND_GPU gpus: [1, 0] } instance_group { kind: KIND_GPU }',
      config: { minWorkers: 5, maxWorkers: 5, deviceType: 'gpu', deviceIds: [0, 1] },
    },
    {
      text: 'parameters { key: "intra_op_thread_count" value { string_value: "4" } }',
      config: { intraOpThreads: 4 },
    },
    { text: 'parameters { key: "intra_op_thread_count" value { string_value: "0" } }', config: {} },
    { text: 'optimization { graph { level: 0 } }', config: {} },
    { text: 'optimization { graph { level: -1 } }', config: { graphOptimization: 'basic' } },
    { text: 'optimization { graph { level: 1 } }', config: { graphOptimization: 'extended' } },
    { text: 'optimization { graph { level: 2 } }', config: { graphOptimization: 'disabled' } },
    {
      text: 'output { name: "y" label_filename: "l.txt" }',
      config: { maxBatchRows: 1, outputLabels: { y: ['label of l.txt'] } },
    },
    {
      text: 'name: "m" platform: "onnxruntime_onnx" backend: "onnxruntime" max_batch_size: 2 input { name: "x" data_type: TYPE_FP32 dims: [3, -1] } output { name: "y" dims: 2 }',
      config: { maxRequestRows: 2, maxBatchRows: 2 },
    },
  ]
  for (const { text, config } of MAPPED) {
    it(`maps ${text.slice(0, 90)}`, async () => {
      const { config: actual, notices } = await imported(text)
      const { tritonConfig, ...settings } = actual
      assert.deepEqual([settings, notices], [config, []])
      assert.deepEqual(tritonConfig, readTritonConfig(text, 'config.pbtxt'))
    })
  }

  it('keeps the sequences of a handler of one’s own', async () => {
    const text = 'sequence_batching { oldest { max_candidate_sequences: 5 } }'
    const { config } = await imported(text, BATCHED, true)
    assert.deepEqual(config.sequenceBatching, { maxIdleMs: 1000, maxSequences: 5 })
  })

  const NOTED = [
    {
      text: 'dynamic_batching { max_queue_delay_microseconds: 100 }',
      note: /delays are whole milliseconds here, so it is 1 ms/,
    },
    {
      text: 'parameters { key: "enable_mem_arena" value { string_value: "0" } }',
      note: /the parameter 'enable_mem_arena' has no effect/,
    },
    {
      text: 'parameters { key: "constructor" value { string_value: "0" } }',
      note: /the parameter 'constructor' has no effect/,
    },
    { text: 'instance_group { count: 1 host_policy: "p" }', note: /'host_policy' of an instance_group/ },
    {
      text: 'max_batch_size: 2 input { name: "x" dims: [3, 5] }',
      note: /input 'x' may have any shape that the graph allows: \[batch,3,-1\]/,
    },
    {
      text: 'max_batch_size: 2 input { name: "x" dims: [-1, 3] reshape { shape: [3, -1] } }',
      note: /input 'x' is not reshaped/,
    },
    {
      text: 'optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } }',
      note: /executionProviders/,
    },
    { text: 'optimization { cuda { graphs: true } }', note: /CUDA, priority and pinned memory/ },
    { text: 'optimization { eager_batching: true }', note: /eager_batching/ },
    { text: 'model_warmup { name: "w" }', note: /warmed up with zeros/ },
    { text: 'response_cache { enable: true }', note: /every request runs the model/ },
    { text: 'input { name: "x" allow_ragged_batch: true }', note: /allow_ragged_batch/ },
    { text: 'input { name: "x" optional: true }', note: /'optional'/ },
    { text: 'input { name: "x" format: FORMAT_NCHW }', note: /'format' of inputs/ },
    { text: 'metric_tags { key: "a" value: "b" }', note: /metric_tags/ },
    { text: 'cc_model_filenames { key: "8.0" value: "m" }', note: /cc_model_filenames/ },
  ]
  for (const { text, note } of NOTED) {
    it(`notes what has no effect: ${text}`, async () => {
      const { notices } = await imported(text)
      assert.equal(notices.length, 1)
      assert.match(notices[0] ?? '', note)
    })
  }

  const REFUSED: readonly {
    readonly text: string
    readonly message: RegExp
    readonly signature?: OnnxSignature
  }[] = [
    { text: 'max_batch_size: -1', message: /max_batch_size is -1; expected 0 or more/ },
    {
      text: 'max_batch_size: 4',
      signature: SINGLE,
      message: /the graph's input 'x' has the shape \[4\], without rows; set max_batch_size: 0/,
    },
    { text: 'input { name: "z" }', message: /the graph has no input 'z'; did you mean 'x'\?|it has x/ },
    { text: 'input { name: "x" } input { name: "x" }', message: /the input 'x' is declared twice/ },
    {
      text: 'input { name: "x" data_type: TYPE_INT64 }',
      message: /declared as TYPE_INT64; the graph has FP32/,
    },
    { text: 'input { name: "x" dims: [0] }', message: /has the dimension 0; expected -1 or at least 1/ },
    {
      text: 'max_batch_size: 2 input { name: "x" dims: [-1, 3, 5] }',
      message: /with max_batch_size above 0, dims leave out the rows/,
    },
    { text: 'input { name: "x" dims: [3, 5] }', message: /with max_batch_size 0, dims are the whole shape/ },
    {
      text: 'max_batch_size: 2 output { name: "y" dims: 3 }',
      message: /output 'y' is declared as \[-1,3\]; the graph has \[batch,2\]/,
    },
    {
      text: 'input { name: "x" dims: [6] reshape { shape: [4] } }',
      message: /cannot be reshaped from \[6\] to \[4\]/,
    },
    {
      text: 'max_batch_size: 4 dynamic_batching { preferred_batch_size: 5 }',
      message: /preferred_batch_size has 5; expected 1 to max_batch_size, which is 4/,
    },
    {
      text: 'dynamic_batching { preserve_ordering: true priority_levels: 2 }',
      message: /exclude each other/,
    },
    {
      text: 'dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY } }',
      message: /timeout_action DELAY exclude/,
    },
    {
      text: 'dynamic_batching { priority_levels: 2 default_priority_level: 3 }',
      message: /defaultPriorityLevel/,
    },
    {
      text: 'instance_group { kind: KIND_CPU } instance_group { kind: KIND_GPU }',
      message: /asks for CPU and GPU/,
    },
    { text: 'instance_group { kind: KIND_CPU gpus: 0 }', message: /KIND_CPU names gpus/ },
    { text: 'optimization { graph { level: 3 } }', message: /graph.level is 3; expected -1, 0, 1 or 2/ },
    { text: 'instance_group { count: -1 }', message: /has the count -1/ },
    { text: 'instance_group { passive: true }', message: /passive instances/ },
    { text: 'platform: "tensorflow_savedmodel"', message: /only ONNX graphs are served/ },
    { text: 'backend: "python"', message: /the backend is 'python'/ },
    {
      text: 'ensemble_scheduling { step { model_name: "a" } }',
      message: /ensemble_scheduling has no counterpart/,
    },
    { text: 'sequence_batching { }', message: /control tensors/ },
    { text: 'model_transaction_policy { decoupled: true }', message: /decoupled/ },
    { text: 'model_operations { op_library_filename: "x.so" }', message: /custom operators/ },
    { text: 'model_repository_agents { agents { name: "checksum" } }', message: /would go unchecked/ },
    { text: 'batch_input { target_name: "z" }', message: /ragged batches/ },
    {
      text: 'parameters { key: "intra_op_thread_count" value { string_value: "many" } }',
      message: /expected a number of threads/,
    },
  ]
  for (const { text, message, signature } of REFUSED) {
    it(`refuses ${text}`, () =>
      assert.rejects(imported(text, signature), {
        code: 'invalid_argument',
        reason: 'model_config',
        message,
      }))
  }
})
