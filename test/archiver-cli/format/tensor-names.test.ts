import assert from 'node:assert/strict'
import type { ModelConfig } from '../../../archiver-cli/format/model-config.ts'
import { checkTensorNames } from '../../../archiver-cli/format/tensor-names.ts'
import type { TensorMetadata } from '../../../worker/contract/tensor.ts'

describe('checkTensorNames', () => {
  const tensor = (name: string): TensorMetadata => ({ name, dtype: 'FP32', shape: [-1] })
  const graph = { inputs: [tensor('pixels'), tensor('mask')], outputs: [tensor('scores')] }
  const signatures = (inputs: Record<string, string>, outputs: Record<string, string>): ModelConfig => ({
    signatures: { top: { method: 'predict', inputs, outputs } },
  })

  const ACCEPTED: readonly ModelConfig[] = [
    {},
    signatures({ image: 'pixels' }, { best: 'scores', same: 'scores' }),
    { outputLabels: { scores: ['cat'] } },
  ]
  for (const config of ACCEPTED) {
    it(`accepts ${JSON.stringify(config)}`, () => assert.doesNotThrow(() => checkTensorNames(config, graph)))
  }

  const REFUSED = [
    {
      config: signatures({ image: 'pixel' }, { best: 'scores' }),
      message: /names the input 'pixel' in 'signatures.top'.*did you mean 'pixels'\?/,
    },
    {
      config: signatures({ image: 'pixels' }, { best: 'q' }),
      message: /names the output 'q' in 'signatures.top', which the graph does not have; it has scores/,
    },
    { config: { outputLabels: { score: [] } }, message: /names the output 'score' in 'outputLabels'/ },
  ]
  for (const { config, message } of REFUSED) {
    it(`refuses ${JSON.stringify(config)}`, () =>
      assert.throws(() => checkTensorNames(config, graph), {
        code: 'invalid_argument',
        reason: 'model_config',
        message,
      }))
  }

  it('accepts any name while the graph is not known', () =>
    assert.doesNotThrow(() => checkTensorNames(signatures({ a: 'b' }, { c: 'd' }), {})))
})
