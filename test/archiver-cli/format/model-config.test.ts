import assert from 'node:assert/strict'
import { parseModelConfig, type ModelConfig } from '../../../archiver-cli/format/model-config.ts'

describe('parseModelConfig', () => {
  const READ: readonly { readonly yaml: string; readonly config: ModelConfig }[] = [
    { yaml: '', config: {} },
    { yaml: 'batchSize: 8\nmaxBatchDelay: 20', config: { maxBatchRows: 8, maxBatchDelayMs: 20 } },
    {
      yaml: 'responseTimeout: 2\nstartupTimeout: 3',
      config: { inferenceTimeoutMs: 2000, startupTimeoutMs: 3000 },
    },
    {
      yaml: 'maxRetryTimeoutInSec: 5\nclientTimeoutInMills: 7',
      config: { maxRetryTimeoutMs: 5000, clientTimeoutMs: 7 },
    },
    { yaml: 'clientTimeoutInMills: 0\njobQueueSize: 0', config: {} },
    { yaml: 'jobQueueSize: 9\nuseJobTicket: true', config: { maxQueuedRequests: 9, useJobTicket: true } },
    { yaml: 'asyncCommunication: true', config: { maxBatchesInFlight: 2 } },
    { yaml: 'asyncCommunication: false', config: {} },
    { yaml: 'deviceType: gpu\ndeviceIds: [0, 1]', config: { deviceType: 'gpu', deviceIds: [0, 1] } },
    {
      yaml: 'execution_providers: [tensorrt, cuda]',
      config: { executionProviders: ['tensorrt', 'cuda'] },
    },
    { yaml: 'continuousBatching: true', config: { continuousBatching: true } },
    { yaml: 'sequenceBatching: false\nmaxNumSequence: 4', config: {} },
    { yaml: 'sequenceBatching: true', config: { sequenceBatching: {} } },
    {
      yaml: 'sequenceBatching: true\nmaxNumSequence: 4\nmaxSequenceJobQueueSize: 5\nsequenceMaxIdleMSec: 6\nsequenceTimeoutMSec: 0',
      config: { sequenceBatching: { maxSequences: 4, maxQueuedRequests: 5, maxIdleMs: 6 } },
    },
    {
      yaml: 'micro_batching: {micro_batch_size: 2, parallelism: {preprocess: 1, inference: 2}}',
      config: { microBatching: { microBatchRows: 2, parallelism: { preprocess: 1, inference: 2 } } },
    },
    { yaml: 'handler: {topK: 3, nested: {a: [1]}}', config: { handler: { topK: 3, nested: { a: [1] } } } },
    { yaml: 'maxRequestRows: 8', config: { maxRequestRows: 8 } },
    { yaml: 'outputLabels: {scores: [cat, dog]}', config: { outputLabels: { scores: ['cat', 'dog'] } } },
    {
      yaml: 'signatures: {top: {inputs: {image: x}, outputs: {best: y}}}',
      config: { signatures: { top: { method: 'predict', inputs: { image: 'x' }, outputs: { best: 'y' } } } },
    },
    {
      yaml: 'signatures: {c: {method: classify, inputs: {f: x}, outputs: {scores: y, classes: z}}}',
      config: {
        signatures: { c: { method: 'classify', inputs: { f: 'x' }, outputs: { scores: 'y', classes: 'z' } } },
      },
    },
    {
      yaml: 'signatures: {r: {method: regress, inputs: {f: x}, outputs: {outputs: y}}}',
      config: { signatures: { r: { method: 'regress', inputs: { f: 'x' }, outputs: { outputs: 'y' } } } },
    },
    { yaml: 'tritonConfig: {max_batch_size: 8}', config: { tritonConfig: { max_batch_size: 8 } } },
    { yaml: 'parallelType: ""\nparallelLevel: 1\nuseVenv: false\ntorchrun:', config: {} },
  ]
  for (const { yaml, config } of READ) {
    it(`reads ${JSON.stringify(yaml)}`, () =>
      assert.deepEqual(parseModelConfig(yaml), { config, notices: [] }))
  }

  const REFUSED = [
    { yaml: 'batchsize: 8', message: /unknown key 'batchsize'; did you mean 'batchSize'\?/ },
    {
      yaml: 'responseTimeout: 0',
      message: /has 0 for 'responseTimeout'; expected an integer from 1 to 86400 seconds/,
    },
    { yaml: 'batchSize: "8"', message: /has "8" for 'batchSize'; expected an integer from 1 to 65536/ },
    {
      yaml: 'batchSize: 8\nmaxBatchRows: 8',
      message: /both 'batchSize' and 'maxBatchRows', which mean the same/,
    },
    { yaml: 'micro_batching: {}\nmicroBatching: {}', message: /both 'micro_batching' and 'microBatching'/ },
    { yaml: 'micro_batching: 3', message: /expected an object with micro_batch_size and parallelism/ },
    { yaml: 'maxNumSequence: 3', message: /'maxNumSequence', which needs sequenceBatching: true/ },
    { yaml: 'sequenceBatching: {maxIdleMs: 1}\nmaxNumSequence: 3', message: /keep one form/ },
    {
      yaml: 'parallelType: tp',
      message: /'parallelType', which cannot apply: .* one process; raise minWork/,
    },
    { yaml: 'torchrun: {nproc-per-node: 2}', message: /'torchrun', which cannot apply/ },
    { yaml: 'pt2: {compile: {enable: true}}', message: /'pt2', which cannot apply: it configures PyTorch/ },
    { yaml: 'useVenv: true', message: /npm dependencies are bundled with the handler/ },
    { yaml: 'maxRequestRows: 0', message: /bad value for 'maxRequestRows'/ },
    { yaml: 'outputLabels: {scores: [1]}', message: /bad value for 'outputLabels.scores.0'/ },
    {
      yaml: 'signatures: {a: {method: guess, inputs: {f: x}, outputs: {o: y}}}',
      message: /bad value for 'signatures.a.method'/,
    },
    {
      yaml: 'signatures: {a: {inputs: {}, outputs: {o: y}}}',
      message: /bad value for 'signatures.a.inputs': expected at least one tensor/,
    },
    {
      yaml: 'signatures: {a: {method: classify, inputs: {f: x}, outputs: {o: y}}}',
      message: /'signatures.a.outputs': method classify has no output 'o'; it answers classes and scores/,
    },
    {
      yaml: 'signatures: {a: {method: regress, inputs: {f: x}, outputs: {scores: y}}}',
      message: /method regress has no output 'scores'; it answers outputs/,
    },
    { yaml: '[1, 2]', message: /must be a mapping of keys to values/ },
    { yaml: '3', message: /must be a mapping/ },
    { yaml: 'a: 1\na: 2', message: /has the key 'a' twice/ },
    { yaml: 'handler: {1: a, "1": b}', message: /has the key '1' twice/ },
    { yaml: 'handler: !!js/function "x"', message: /not valid YAML/ },
    { yaml: 'handler: !include secrets', message: /not valid YAML/ },
    { yaml: '__proto__: {polluted: true}', message: /has the key '__proto__'/ },
    { yaml: 'handler: {a: [{__proto__: {polluted: true}}]}', message: /has the key '__proto__'/ },
    { yaml: 'batchSize: &a [*a]', message: /has a YAML alias inside of what it stands for/ },
    { yaml: 'handler: &a {x: *a}', message: /has a YAML alias inside of what it stands for/ },
    {
      yaml: 'handler: {a: &key __proto__, *key : {polluted: 1}}',
      message: /the key '\*key'; expected a text/,
    },
    { yaml: 'handler: {? [a] : 1}', message: /the key '\[.*\]'; expected a text/ },
    { yaml: `handler: ${'{a: '.repeat(64)}1${'}'.repeat(64)}`, message: /nested deeper than 64/ },
    { yaml: `handler: ${'['.repeat(50_000)}`, message: /not valid YAML/ },
    { yaml: bomb(), message: /more YAML aliases than allowed/ },
    { yaml: `handler: {a: "${'x'.repeat(256 * 1024)}"}`, message: /is \d+ bytes long, allowed are 262144/ },
  ]
  for (const { yaml, message } of REFUSED) {
    it(`refuses ${JSON.stringify(yaml.slice(0, 60))}`, () => {
      assert.throws(() => parseModelConfig(yaml), {
        code: 'invalid_argument',
        reason: 'model_config',
        message,
      })
      assert.equal('polluted' in {}, false)
    })
  }

  const TOLERATED = [
    {
      yaml: 'torchrun: {a: 1}',
      tolerance: 'inapplicable',
      notices: [/'torchrun', which cannot apply.*servers refuse the archive.*remove it$/],
    },
    { yaml: 'custom: 1', tolerance: 'everything', notices: [/unknown key 'custom'; it is ignored$/] },
    { yaml: 'batchSize: many', tolerance: 'everything', notices: [/has "many" for 'batchSize'/] },
    { yaml: 'deviceType: tpu', tolerance: 'everything', notices: [/bad value for 'deviceType'/] },
    { yaml: 'a: 1\npt2: {}', tolerance: 'everything', notices: [/'pt2'/, /'a'/] },
  ] as const
  for (const { yaml, tolerance, notices } of TOLERATED) {
    it(`passes over ${JSON.stringify(yaml)} with a notice when it tolerates ${tolerance}`, () => {
      const read = parseModelConfig(`${yaml}\nmaxBatchDelay: 1`, tolerance)
      assert.deepEqual(read.config, { maxBatchDelayMs: 1 })
      assert.equal(read.notices.length, notices.length)
      for (const [i, notice] of notices.entries()) assert.match(read.notices[i] ?? '', notice)
    })
  }

  it('reads 20 000 keys within its time', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`)
    const { config } = parseModelConfig(`handler: {${keys.join(', ')}}`)
    assert.equal(Object.keys(config.handler ?? {}).length, keys.length)
  }).timeout(3000)

  it('refuses a misspelt key although it tolerates those that cannot apply', () =>
    assert.throws(() => parseModelConfig('batchsize: 8', 'inapplicable'), { code: 'invalid_argument' }))
})

/** Nine lists, each of nine references to the one before: a billion values. */
function bomb(): string {
  const lines = ['a0: &a0 [x, x]']
  for (let i = 1; i < 10; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  return `handler:\n  ${lines.join('\n  ')}`
}
