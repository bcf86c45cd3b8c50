import assert from 'node:assert/strict'
import { describeSettings, type VersionSettings } from '../../../../frontend/core/settings.ts'
import { modelConfiguration } from '../../../../frontend/protocols/oip/model-configuration.ts'
import type { VersionMetadata } from '../../../../frontend/core/data-plane.ts'
import { settings } from '../../../support/artefacts.ts'
import { DIGITS, FakeDataPlane } from '../../../support/fake-planes.ts'

const METADATA: VersionMetadata = {
  ...new FakeDataPlane().metadata(),
  inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 3, -1] }],
  outputs: [{ name: 'y', dtype: 'BYTES', shape: ['batch', 2] }],
  maxBatchRows: 8,
}

function configuration(metadata: Partial<VersionMetadata> = {}, given: Partial<VersionSettings> = {}) {
  return modelConfiguration({
    metadata: { ...METADATA, ...metadata },
    description: { minWorkers: 2, maxBatchDelayMs: 1.5, settings: describeSettings(settings(given)) },
  })
}

describe('modelConfiguration', () => {
  it('tells what perf_analyzer looks for', () => {
    const config = configuration()
    assert.equal(config.name, DIGITS.name)
    assert.equal(config.platform, 'onnxruntime_onnx')
    assert.equal(config.max_batch_size, 8)
    assert.deepEqual(config.model_transaction_policy, { decoupled: false })
    assert.equal(config.sequence_batching, undefined)
    assert.equal(config.ensemble_scheduling, undefined)
    assert.equal((config.dynamic_batching as Record<string, unknown>).max_queue_delay_microseconds, 1500)
  })

  it('leaves the batch dimension out of the tensors', () => {
    const { input, output } = configuration()
    assert.deepEqual(input, [
      {
        name: 'x',
        data_type: 'TYPE_FP32',
        dims: [3, -1],
        format: 'FORMAT_NONE',
        is_shape_tensor: false,
        allow_ragged_batch: false,
        optional: false,
        is_non_linear_format_io: false,
      },
    ])
    assert.deepEqual(output, [
      {
        name: 'y',
        data_type: 'TYPE_STRING',
        dims: [2],
        label_filename: '',
        is_shape_tensor: false,
        is_non_linear_format_io: false,
      },
    ])
  })

  const SHAPES = [
    { it: 'all dimensions without a batch', inputs: [3, 4], outputs: [-1], dims: { dims: [3, 4] }, size: 0 },
    {
      it: 'all dimensions where an output has no rows',
      inputs: [-1, 4],
      outputs: [],
      dims: { dims: [-1, 4] },
      size: 0,
    },
    {
      it: 'a dimension of 1 for rows of single values',
      inputs: [-1],
      outputs: [-1, 2],
      dims: { dims: [1], reshape: { shape: [] } },
      size: 8,
    },
    {
      it: 'a dimension of 1 for a scalar',
      inputs: [],
      outputs: [2],
      dims: { dims: [1], reshape: { shape: [] } },
      size: 0,
    },
  ]
  for (const { it: claim, inputs, outputs, dims, size } of SHAPES) {
    it(`shows ${claim}`, () => {
      const config = configuration({
        inputs: [{ name: 'x', dtype: 'INT64', shape: inputs }],
        outputs: [{ name: 'y', dtype: 'INT64', shape: outputs }],
      })
      assert.equal(config.max_batch_size, size)
      const [input] = config.input as [Record<string, unknown>] // one input was given
      assert.deepEqual(
        { ...dims, name: 'x', data_type: 'TYPE_INT64' },
        pick(input, ['name', 'data_type', ...Object.keys(dims)]),
      )
    })
  }

  it('tells the limit of rows in a request, where there is one', () => {
    assert.equal(configuration({ maxRequestRows: 4 }).max_batch_size, 4)
  })

  it('tells of priorities and queues', () => {
    const scheduling = {
      preferredBatchRows: [2, 6],
      preserveOrdering: true,
      priorityLevels: 2,
      queuePolicy: { timeoutMs: 3, timeoutAction: 'delay', maxQueuedRequests: 9 },
      priorityPolicies: { 1: { allowTimeoutOverride: true } },
    } as const
    assert.deepEqual(
      configuration({}, { scheduling: { ...scheduling, preferredBatchRows: [2, 6] } }).dynamic_batching,
      {
        preferred_batch_size: [2, 6],
        max_queue_delay_microseconds: 1500,
        preserve_ordering: true,
        priority_levels: 2,
        default_priority_level: 2,
        default_queue_policy: {
          timeout_action: 'DELAY',
          default_timeout_microseconds: 3000,
          allow_timeout_override: false,
          max_queue_size: 9,
        },
        priority_queue_policy: {
          1: {
            timeout_action: 'REJECT',
            default_timeout_microseconds: 0,
            allow_timeout_override: true,
            max_queue_size: 0,
          },
        },
      },
    )
  })

  it('tells of sequences instead of batches', () => {
    const config = configuration({}, { sequenceBatching: { maxIdleMs: 5 } })
    assert.equal(config.dynamic_batching, undefined)
    assert.equal((config.sequence_batching as Record<string, unknown>).max_sequence_idle_microseconds, 5000)
  })

  it('batches nothing where a batch is one row', () => {
    assert.equal(configuration({ maxBatchRows: 1 }).dynamic_batching, undefined)
  })

  it('names the GPU that runs it', () => {
    const [group] = configuration({ device: { provider: 'cuda', deviceId: 1 } }).instance_group as [object]
    assert.deepEqual(pick(group, ['kind', 'gpus', 'count']), { kind: 'KIND_GPU', gpus: [1], count: 2 })
  })

  it('keeps what an imported configuration said, and fills up the rest', () => {
    const config = configuration({
      tritonConfig: {
        name: 'another',
        max_batch_size: 3,
        input: [{ name: 'x', dims: [3, 7], format: 'FORMAT_NCHW' }],
        sequence_batching: { oldest: {} },
        parameters: { a: { string_value: 'b' } },
      },
    })
    assert.equal(config.name, DIGITS.name)
    assert.equal(config.max_batch_size, 3)
    assert.deepEqual(config.sequence_batching, { oldest: {} })
    assert.equal(config.dynamic_batching, undefined)
    assert.deepEqual(config.parameters, { a: { string_value: 'b' } })
    const [input] = config.input as [object] // one input was given
    assert.deepEqual(pick(input, ['dims', 'format', 'optional']), {
      dims: [3, 7],
      format: 'FORMAT_NCHW',
      optional: false,
    })
  })
})

function pick(object: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(object).filter(([key]) => keys.includes(key)))
}
